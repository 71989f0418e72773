// The JavaScript programs of docs/binary-and-files.md print what the page says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { run } from './support.mjs';

const page = readFileSync(new URL('../../docs/binary-and-files.md', import.meta.url), 'utf8');
let wanted = '';
let programs = 0;
for (const [, language, text] of page.matchAll(/^```(\w+)\n(.*?)^```$/gms)) {
  if (language === 'output') wanted = text;
  if (language !== 'js') continue;
  const expected = wanted;
  test(`program ${++programs}`, async (t) => {
    const { code, output, errors } = await run(t, text).ended;
    assert.deepEqual([code, errors, output], [0, '', expected]);
  });
}

test('there are some', () => assert.equal(programs, 3));
