// `EventSource.fromReadableStream`, after the tests that the web platform has for it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { EventSource } from 'eventwire';
import { eventStream, serve, until } from './support.mjs';

const { fromReadableStream } = EventSource;
const encoder = new TextEncoder();

// A stream of these chunks, which then ends.
const streamOf = (...chunks) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk);
      controller.close();
    },
  });

// All that a source dispatches until it is closed.
async function all(source, ...types) {
  const seen = [];
  for (const type of ['open', 'message', 'error', ...types]) {
    source.addEventListener(type, (event) => seen.push(event instanceof MessageEvent ? event.data : `<${type} ${source.readyState}>`));
  }
  await until(() => source.readyState === EventSource.CLOSED);
  return seen;
}

test('what it is before anything has come', () => {
  const source = fromReadableStream(streamOf());
  assert.ok(source instanceof EventSource);
  assert.deepEqual(
    [source.readyState, source.url, source.withCredentials, source.lastEventId],
    [EventSource.CONNECTING, 'about:event-stream', false, ''],
  );
  assert.ok(source.reconnectionTime > 0);
  source.close();
  assert.equal(source.readyState, EventSource.CLOSED);
});

test('a stream that is locked, or none, is a TypeError; one that is taken is locked', () => {
  const locked = new ReadableStream();
  locked.getReader();
  for (const wrong of [locked, undefined, null, 'data: x', {}]) assert.throws(() => fromReadableStream(wrong), TypeError);
  const taken = new ReadableStream();
  const source = fromReadableStream(taken);
  assert.ok(taken.locked);
  source.close();
});

test('events come as they would over a connection, and the end is one error', async () => {
  const cases = [
    [['data: hello\n\n'], ['hello']],
    [['data: hello\ndata: world\n\n'], ['hello\nworld']],
    [['data: first\n\ndata: second\n\n'], ['first', 'second']],
    [['event: custom\ndata: hello\n\n'], ['hello']],
    [[': a comment\ndata: hello\n\n'], ['hello']],
    [['da', 'ta: hel', 'lo\n\n'], ['hello']],
    [['data: cr\r\rdata: lf\n\ndata: crlf\r\n\r\n'], ['cr', 'lf', 'crlf']],
    [[Uint8Array.of(0xef, 0xbb, 0xbf), 'data: hello\n\n'], ['hello']],
    [[encoder.encode('data: buffer\n\n').buffer], ['buffer']],
    [['data: whole\n\ndata: cut off'], ['whole']],
    [[], []],
  ];
  for (const [chunks, events] of cases) {
    const seen = await all(fromReadableStream(streamOf(...chunks)), 'custom');
    assert.deepEqual(seen, ['<open 1>', ...events, '<error 2>'], JSON.stringify(chunks));
  }
});

test('the origin is opaque, and id and retry are seen', async () => {
  const source = fromReadableStream(streamOf('retry: bogus\ndata: one\n\nid: 42\nretry: 5000\ndata: two\n\n'));
  const seen = [];
  source.onmessage = (event) => seen.push([event.data, event.origin, event.lastEventId, source.lastEventId]);
  const [error] = await once(source, 'error');
  assert.deepEqual(seen, [
    ['one', 'null', '', ''],
    ['two', 'null', '42', '42'],
  ]);
  assert.deepEqual([source.lastEventId, source.reconnectionTime, source.readyState], ['42', 5000, 2]);
  assert.deepEqual([error.message, error.error], ['', null]);
});

test('a stream that fails is one error, which says why', async () => {
  const failure = new Error('stream error');
  const source = fromReadableStream(new ReadableStream({ start: (controller) => controller.error(failure) }));
  const errors = [];
  source.onerror = (event) => errors.push([event.error, source.readyState]);
  await once(source, 'error');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(errors, [[failure, 2]]);
});

test('several connections can be piped through, and the last event ID and the reconnection time stay', async () => {
  const pipe = new TransformStream();
  const source = fromReadableStream(pipe.readable);
  const seen = [];
  source.onmessage = ({ data, lastEventId }) => seen.push([data, lastEventId, source.reconnectionTime]);
  await streamOf('id: 42\nretry: 3000\ndata: first\n\n').pipeTo(pipe.writable, { preventClose: true });
  await until(() => seen.length === 1);
  assert.equal(source.lastEventId, '42');
  await streamOf('data: second\n\n').pipeTo(pipe.writable);
  await once(source, 'error');
  assert.deepEqual(seen, [
    ['first', '42', 3000],
    ['second', '42', 3000],
  ]);
});

test('it reads the body of a fetch', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response, 'id: 1\ndata: hello\n\n'));
  const { body } = await fetch(url);
  const source = fromReadableStream(body);
  const [event] = await once(source, 'message');
  assert.deepEqual([event.data, source.lastEventId], ['hello', '1']);
  source.close();
});

test('closing cancels the stream, and nothing comes after it', async () => {
  let cancelled = false;
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode('data: 1\n\ndata: 2\n\n')),
    cancel: () => void (cancelled = true),
  });
  const source = fromReadableStream(body);
  const got = [];
  source.onerror = () => got.push('error');
  source.onmessage = ({ data }) => {
    got.push(data);
    source.close();
  };
  await until(() => cancelled);
  assert.deepEqual(got, ['1']);
});
