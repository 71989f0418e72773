// decode and EventDecoderStream over what Node itself gives: fetch, node:http and web streams, over real sockets.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { DecodeError, EventDecoderStream, decode, encode } from 'eventwire';
import { eventStream, serve } from './support.mjs';

const TEXT = Buffer.from(
  '\ufeffevent: gruß\r\ndata: zwölf\r\ndata: 🎈\r\n\r\n: hi\r\n\r\nid: 7\r\ndata: two\r\n\r\ndata: cut off\r\n',
);
const EVENTS = [
  { event: 'gruß', data: 'zwölf\n🎈', id: '' },
  { event: 'message', data: 'two', id: '7' },
];

const incoming = async (url) => (await once(get(url), 'response'))[0];

// Each way to a byte stream, and through it to events.
const ways = {
  fetch: async (url, options) => decode((await fetch(url)).body, options),
  'node:http': async (url, options) => decode(await incoming(url), options),
  pipeThrough: async (url, options) => (await fetch(url)).body.pipeThrough(new EventDecoderStream(options)),
};

async function collect(events, into) {
  for await (const event of events) into.push(event);
}

// A server that sends these bytes in pieces of a size, each written by itself, and then ends as it is told.
function serves(t, bytes, { size = bytes.length, headers = {}, end = (response) => response.end() } = {}) {
  return serve(t, async (_, response) => {
    response.socket.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    for (let at = 0; at < bytes.length; at += size) {
      await new Promise((done) => response.write(bytes.subarray(at, at + size), done));
    }
    end(response);
  });
}

for (const [way, open] of Object.entries(ways)) {
  for (const size of [1, 2, 3, 1000]) {
    test(`${way}: chunks of ${size} may end inside a character and a CRLF`, async (t) => {
      const { url } = await serves(t, TEXT, { size });
      const seen = [];
      await collect(await open(url), seen);
      assert.deepEqual(seen, EVENTS);
    });
  }

  test(`${way}: a connection that breaks is an error after the events before it`, async (t) => {
    const { url } = await serves(t, TEXT, { end: (response) => response.destroy() });
    const seen = [];
    await assert.rejects(collect(await open(url), seen), (error) => {
      // fetch: `terminated`, with a cause; node:http: `aborted`.
      assert.match(error.message, /terminated|aborted/);
      return !(error instanceof DecodeError);
    });
    // A pipe drops what it holds when it fails; what it gave is right.
    assert.deepEqual(seen, way === 'pipeThrough' ? EVENTS.slice(0, seen.length) : EVENTS);
  });

  test(`${way}: leaving the loop closes the connection`, async (t) => {
    let closed;
    const { url } = await serve(t, (_, response) => {
      closed = once(response, 'close');
      // Never enough, so that only the client's leaving ends it.
      eventStream(response, encode({ data: '1' }));
    });
    for await (const event of await open(url)) {
      assert.equal(event.data, '1');
      break;
    }
    await closed;
  });

  test(`${way}: a limit is an error that says so, and closes the connection`, async (t) => {
    let closed;
    const { url } = await serve(t, (_, response) => {
      closed = once(response, 'close');
      eventStream(response, encode({ data: '1' }), 'data: ' + 'x'.repeat(200));
      // What follows lets the error be told.
      const more = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(more));
    });
    const seen = [];
    await assert.rejects(
      collect(await open(url, { maxLine: 100 }), seen),
      (error) => error instanceof DecodeError && error.limit === 'line' && error.max === 100,
    );
    assert.deepEqual(seen.map(({ data }) => data), way === 'pipeThrough' ? seen.map(() => '1') : ['1']);
    await closed;
  });

  test(`${way}: the options are the decoder's`, async (t) => {
    const { url } = await serves(t, TEXT, { size: 3 });
    const seen = [];
    await collect(await open(url, { comments: true, lastEventId: '6' }), seen);
    assert.deepEqual(seen, [{ ...EVENTS[0], id: '6' }, { comment: 'hi' }, EVENTS[1]]);
  });
}

test('what fetch decompresses is decoded', async (t) => {
  const { url } = await serves(t, gzipSync(TEXT), { size: 5, headers: { 'content-encoding': 'gzip' } });
  const seen = [];
  await collect(decode((await fetch(url)).body), seen);
  assert.deepEqual(seen, EVENTS);
});

test('batches of a pipe are what came together', async (t) => {
  const { url } = await serves(t, TEXT, { size: 7 });
  const { body } = await fetch(url);
  const seen = [];
  for await (const batch of body.pipeThrough(new EventDecoderStream({ batches: true }))) {
    assert.ok(batch.length > 0);
    seen.push(...batch);
  }
  assert.deepEqual(seen, EVENTS);
});

test('any iterable of bytes is a source', async () => {
  async function* later() {
    for (const byte of TEXT) yield Uint8Array.of(byte);
  }
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(TEXT));
      controller.close();
    },
  });
  for (const source of [[TEXT], later(), stream, new Blob([TEXT]).stream()]) {
    const seen = [];
    await collect(decode(source), seen);
    assert.deepEqual(seen, EVENTS);
  }
});

test('an own error of the source comes through as it is, after the events before it', async () => {
  const mine = new Error('mine');
  async function* source() {
    yield TEXT;
    throw mine;
  }
  const seen = [];
  await assert.rejects(collect(decode(source()), seen), (error) => error === mine);
  assert.deepEqual(seen, EVENTS);
});

test('text instead of bytes is a TypeError that says so', async () => {
  const text = new Blob([TEXT]).stream().pipeThrough(new TextDecoderStream());
  await assert.rejects(collect(decode(text), []), /Uint8Array, and is a string/);
  const more = new Blob([TEXT]).stream().pipeThrough(new TextDecoderStream());
  await assert.rejects(collect(more.pipeThrough(new EventDecoderStream()), []), TypeError);
});

test('wrong arguments of decode are said at the call', () => {
  const body = new Blob([TEXT]).stream();
  for (const source of [null, undefined, 'data: x', 7, {}]) {
    assert.throws(() => decode(source), /must be a ReadableStream or an iterable of Uint8Array/, String(source));
  }
  assert.throws(() => decode(body, { maxLine: 'long' }), TypeError);
  assert.throws(() => decode(body, { nonsense: 1 }), TypeError);
  decode(body);
  assert.ok(!body.locked, 'locked by the first call of next, and no earlier');
});

test('several loops at a time do not mix', async (t) => {
  const { url } = await serves(t, TEXT, { size: 1 });
  const all = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const seen = [];
      await collect(await ways.fetch(url), seen);
      return seen;
    }),
  );
  for (const seen of all) assert.deepEqual(seen, EVENTS);
});

test('worker threads decode, several at a time and together with the main one', async (t) => {
  const { url } = await serves(t, TEXT, { size: 1 });
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { decode } = require('eventwire');
    (async () => {
      const seen = [];
      for await (const event of decode((await fetch(workerData)).body)) seen.push(event);
      parentPort.postMessage(seen);
    })();
  `;
  const workers = Array.from({ length: 4 }, () => new Worker(source, { eval: true, workerData: url }));
  const replies = workers.map((worker) => once(worker, 'message'));
  const exits = workers.map((worker) => once(worker, 'exit'));
  const seen = [];
  await collect(await ways.fetch(url), seen);
  assert.deepEqual(seen, EVENTS);
  for (const reply of replies) assert.deepEqual((await reply)[0], EVENTS);
  await Promise.all(exits);
});
