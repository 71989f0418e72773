// The quick starts, run as a user runs them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { start } from './support.mjs';

test('serve, publish and subscribe; Ctrl-C ends them', async (t) => {
  const server = start(t, 'serve.mjs', 0);
  const url = new URL((await server.line()).split(' ').at(-1));
  const subscriber = start(t, 'subscribe.mjs', `${url.origin}/events?topic=lines&start=earliest`);
  const { lines, code, errors } = await start(t, 'publish.mjs', url.origin, 'lines', 'one more').rest();
  assert.deepEqual([code, errors], [0, '']);
  assert.equal(await subscriber.line(), `${lines[0]} message one more`);
  for (const { child, ended } of [subscriber, server]) {
    child.kill('SIGINT');
    const { signal, errors } = await ended;
    assert.deepEqual([signal, errors], ['SIGINT', '']);
  }
});

test('the numbers come as they are published', async (t) => {
  const server = start(t, 'serve.mjs', 0);
  const url = (await server.line()).split(' ').at(-1);
  const subscriber = start(t, 'subscribe.mjs', `${url}&start=earliest`);
  assert.match(await subscriber.line(), / number \{"number":1\}$/);
});
