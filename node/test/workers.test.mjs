// Decoders in worker threads: each has its own, a thread may end in the middle of one, and memory may be shared.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DecodeError, Decoder, decode, encode } from 'eventwire';

// A worker that gets `send` and `data`, with `eventwire` in reach.
function worker(t, source, data) {
  const program = `
    const { parentPort, workerData: data } = require('node:worker_threads');
    const { Decoder, EventDecoderStream, decode, encode } = require('eventwire');
    const send = (message) => parentPort.postMessage(message);
    (async () => {${source}})();`;
  const thread = new Worker(program, { eval: true, workerData: data });
  t.after(() => thread.terminate());
  return thread;
}

// Its first message, or its error.
async function message(thread) {
  const [value] = await Promise.race([
    once(thread, 'message'),
    once(thread, 'error').then(([error]) => Promise.reject(error)),
  ]);
  return value;
}

test('decoders of several threads know nothing of each other', async (t) => {
  const count = 300;
  const source = `
    const chunk = Buffer.concat(Array.from({ length: ${count} }, (_, n) => encode({ id: data + '-' + n, event: 'é', data: 'a\\n€' + n })));
    const seen = [];
    for (let size = 1; size < 40; size += 3) {
      const decoder = new Decoder();
      const items = [];
      for (let at = 0; at < chunk.length; at += size) items.push(...decoder.feed(chunk.subarray(at, at + size)));
      seen.push(items);
    }
    send(seen);`;
  const threads = Array.from({ length: 4 }, (_, number) => worker(t, source, number));
  for (const [number, seen] of (await Promise.all(threads.map(message))).entries()) {
    const wanted = Array.from({ length: count }, (_, n) => ({ event: 'é', data: `a\n€${n}`, id: `${number}-${n}` }));
    assert.equal(seen.length, 13);
    for (const items of seen) assert.deepEqual(items, wanted);
  }
});

// What a thread is in the middle of when it is ended, each after it has said that it has begun.
const MIDDLES = {
  'feeding small chunks': `
    const decoder = new Decoder();
    send('begun');
    for (;;) decoder.feed(Buffer.from('id: 1\\nevent: e\\ndata: ' + 'x'.repeat(100) + '\\n\\ndata: '));`,
  'feeding large chunks, whose events come in many pieces': `
    const chunk = Buffer.from('data: é\\n\\n'.repeat(100_000));
    const decoder = new Decoder();
    send('begun');
    for (;;) decoder.feed(chunk);`,
  'a line that never ends': `
    const decoder = new Decoder({ maxLine: 2 ** 30, maxEvent: 2 ** 30 });
    const chunk = Buffer.alloc(1000, 120);
    send('begun');
    for (;;) decoder.feed(chunk);`,
  'making decoders': `
    send('begun');
    for (;;) new Decoder({ lastEventId: 'x'.repeat(1000), comments: true }).feed(Buffer.from(': c\\n\\n'));`,
  'waiting in decode()': `
    async function* source() {
      yield Buffer.from('data: x\\n\\n');
      await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
    }
    for await (const event of decode(source())) send(event.data);`,
  'piping through EventDecoderStream': `
    const chunk = Buffer.from('data: x\\n\\n'.repeat(1000));
    const bytes = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    send('begun');
    for await (const event of bytes.pipeThrough(new EventDecoderStream())) if (event.data !== 'x') throw event;`,
};

for (const [middle, source] of Object.entries(MIDDLES)) {
  test(`a thread may be ended while it is ${middle}`, async (t) => {
    for (let n = 0; n < 5; n++) {
      const thread = worker(t, source);
      await message(thread);
      await thread.terminate();
    }
    // The module is as good as before, here and in a new thread.
    assert.deepEqual(new Decoder().feed(encode({ data: 'here' })), [{ event: 'message', data: 'here', id: '' }]);
    const next = worker(t, `send(new Decoder().feed(encode({ data: 'there' }))[0].data);`);
    assert.equal(await message(next), 'there');
  });
}

test('memory that another thread writes to meanwhile may be fed', async (t) => {
  const length = 20_000;
  const shared = new Uint8Array(new SharedArrayBuffer(length));
  shared.set(Buffer.from(`data: ${'é'.repeat(length / 2 - 4)}\n\n`));
  const writer = worker(
    t,
    `send('begun');
     for (;;) for (let at = 6; at < data.length - 2; at++) data[at] = data[at] === 0xC3 ? 0x78 : 0xC3;`,
    shared,
  );
  await message(writer);
  for (let n = 0; n < 40; n++) {
    const items = new Decoder().feed(shared);
    assert.equal(items.length, 1);
    assert.match(items[0].data, /^[xé\u00C3\u00A9\uFFFD]*$/);
  }
});

test('what was decoded does not change with its chunk', () => {
  const chunk = Buffer.from('id: ï\nevent: é\ndata: €\n\n: ü\n');
  const decoder = new Decoder({ comments: true });
  const items = decoder.feed(chunk);
  chunk.fill(0);
  decoder.feed(Buffer.from('id: 2\nevent: f\ndata: x\n\n'));
  assert.deepEqual(items, [{ event: 'é', data: '€', id: 'ï' }, { comment: 'ü' }]);
});

test('a chunk that was given away is no chunk any more', () => {
  const chunk = new Uint8Array(Buffer.from('data: x\n\n'));
  structuredClone(chunk, { transfer: [chunk.buffer] });
  assert.deepEqual(new Decoder().feed(chunk), []);
});

test('one that feeds from within what a decoder calls finds it whole', async () => {
  // A source that uses the decoder's own module while decode() is in the middle of a batch.
  const other = new Decoder();
  async function* source() {
    for (let n = 0; n < 50; n++) {
      assert.equal(other.feed(encode({ data: `other ${n}` }))[0].data, `other ${n}`);
      yield Buffer.concat([encode({ data: `${n}` }), encode({ data: `${n}` })]);
    }
  }
  let n = 0;
  for await (const event of decode(source())) {
    assert.equal(event.data, String(Math.floor(n++ / 2)));
    assert.equal(other.feed(encode({ data: 'between' }))[0].data, 'between');
  }
  assert.equal(n, 100);
});

for (const [options, stream, limit, max] of [
  [{ maxLine: 8 }, 'data: too long', 'line', 8],
  [{ maxLine: 8 }, ': a comment', 'line', 8],
  [{ maxEvent: 3 }, 'data: four', 'event', 3],
  [{ maxEvent: 3 }, 'data: 1\ndata: 2\ndata:', 'event', 3],
  [{ maxEvent: 3 }, 'id: 1234', 'event', 3],
  [{}, `data: ${'x'.repeat(2 ** 24)}`, 'line', 2 ** 24],
]) {
  test(`a limit names itself and its size: ${limit} ${max}, at ${stream.slice(0, 16)}`, () => {
    const decoder = new Decoder(options);
    const failure = (error) =>
      error instanceof DecodeError && error.limit === limit && error.max === max && error.message.includes(`max${limit === 'line' ? 'Line' : 'Event'} = ${max} bytes`);
    assert.throws(() => decoder.feed(Buffer.from(stream)), failure);
    assert.throws(() => decoder.feed(new Uint8Array(0)), failure);
  });
}
