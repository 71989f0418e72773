// Who reads a stream of connect, and what it looks like.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { connect } from 'eventwire';
import { eventStream, serve } from './support.mjs';

// A server of one stream, and how to send on it.
async function open(t) {
  let resolve;
  const connected = new Promise((given) => (resolve = given));
  const { url } = await serve(t, (_, response) => {
    eventStream(response, 'data: one\n\ndata: two\n\n');
    resolve((text) => response.write(`data: ${text}\n\n`));
  });
  return { url, connected };
}

for (const begin of [(stream) => stream, (stream) => stream.items(), (stream) => stream.batches()]) {
  test(`a second reader is refused, and the first goes on: ${begin}`, async (t) => {
    const { url, connected } = await open(t);
    const stream = connect(url);
    const got = [];
    const refuse = () => assert.rejects(async () => { for await (const _ of begin(stream)); }, {
      name: 'TypeError',
      message: 'this stream is being read already: connect once more for a second reader',
    });
    const first = (async () => {
      for await (const { data } of stream) {
        got.push(data);
        // While the first has what it looks at, and more of the same batch.
        if (data === 'one') await refuse();
        if (data === 'three') break;
      }
    })();
    const send = await connected;
    // While the first waits.
    while (got.length < 2) await new Promise((resolve) => setImmediate(resolve));
    await refuse();
    assert.notEqual(stream.state, 'closed');
    send('three');
    await first;
    assert.deepEqual(got, ['one', 'two', 'three']);
    assert.equal(stream.state, 'closed');
  });
}

test('what is closed has nothing for anybody, and refuses nobody', async () => {
  const stream = connect('http://127.0.0.1:9/');
  stream.close();
  for (let times = 0; times < 2; times++) {
    for await (const _ of stream) assert.fail('there is nothing');
  }
});

test('a stream is shown without the secrets of its URL', async () => {
  const url = 'http://me:hidden@127.0.0.1:9/events?topic=a&token=hidden';
  const stream = connect(url);
  for (const shown of [inspect(stream), inspect({ of: { it: [stream] } }, { depth: 9, showHidden: true })]) {
    assert.doesNotMatch(shown, /hidden/);
    assert.match(shown, /127\.0\.0\.1:9\/events\?topic=a/);
  }
  assert.equal(stream.url, url);
  stream.close();
  assert.match(inspect(stream), /closed/);
});
