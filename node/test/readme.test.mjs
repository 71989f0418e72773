// The quick start of the project's README works as it stands there.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { run } from './support.mjs';

test('the quick start prints the event and ends', async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, source] = readme.match(/^```js\n(.*?)^```/ms);
  // Somebody may be using the port that people are shown.
  const { ended } = run(t, source.replace('port: 8844', 'port: 0'));
  const { code, output, errors } = await ended;
  assert.deepEqual([code, errors], [0, '']);
  assert.match(output, /^\w+-1 \{ number: 42 \}\n$/);
});
