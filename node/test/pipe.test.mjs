// EventDecoderStream: a loop takes events from where they are decoded, every other reader by the queue of the stream; both must give
// the same, in any order in which they take turns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeError, EventDecoderStream, encode } from 'eventwire';

const bytes = (...data) => Buffer.concat(data.map((one) => encode({ data: String(one) })));

// A source that says what was asked of it, and what is read from it through a pipe. Without chunks that are left, it waits.
function piped(chunks, { end = 'close', ...options } = {}) {
  const told = { pulled: 0, cancelled: undefined };
  const source = new ReadableStream(
    {
      pull(controller) {
        if (told.pulled < chunks.length) return controller.enqueue(chunks[told.pulled++]);
        if (end === 'close') return controller.close();
        return end === 'wait' ? new Promise(() => {}) : controller.error(end);
      },
      cancel: (reason) => void (told.cancelled = reason ?? 'without a reason'),
    },
    { highWaterMark: 0 },
  );
  return { told, events: source.pipeThrough(new EventDecoderStream(options)) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const given = async (next) => {
  const { done, value } = await next;
  return done ? 'done' : value.data;
};

test('a loop, a reader, a tee and a pipe give the same', async () => {
  const chunks = [bytes(1), bytes(2, 3), Buffer.from(':'), bytes(), bytes(4).subarray(0, 5), bytes(4).subarray(5)];
  chunks[2] = Buffer.concat([chunks[2], Buffer.from('\n')]);
  const want = ['1', '2', '3', '4'];
  const looped = async (events) => {
    const seen = [];
    for await (const { data } of events) seen.push(data);
    return seen;
  };
  assert.deepEqual(await looped(piped(chunks).events), want);
  assert.deepEqual(await looped(piped(chunks).events.values()), want);

  const reader = piped(chunks).events.getReader();
  const read = [];
  for (let data; (data = await given(reader.read())) !== 'done'; ) read.push(data);
  assert.deepEqual(read, want);

  const both = piped(chunks).events.tee();
  assert.deepEqual(await Promise.all(both.map(looped)), [want, want]);

  const written = [];
  await piped(chunks).events.pipeTo(new WritableStream({ write: ({ data }) => void written.push(data) }));
  assert.deepEqual(written, want);
});

test('calls that come before their events get them in order, and then the end', async () => {
  const loop = piped([bytes(1), bytes(2, 3)]).events.values();
  const calls = Array.from({ length: 5 }, () => given(loop.next()));
  assert.deepEqual(await Promise.all(calls), ['1', '2', '3', 'done', 'done']);
  assert.equal(await given(loop.next()), 'done');
});

test('a loop holds the lock until it ends', async () => {
  const { events } = piped([bytes(1)]);
  const loop = events.values();
  assert.ok(events.locked);
  assert.throws(() => events.getReader(), TypeError);
  assert.throws(() => events.values(), TypeError);
  assert.equal(await given(loop.next()), '1');
  assert.equal(await given(loop.next()), 'done');
  assert.ok(!events.locked);
});

test('loops and readers take turns without losing an event', async () => {
  const { events, told } = piped([bytes(1, 2, 3), bytes(4, 5), bytes(6)]);
  const seen = [];
  for await (const { data } of events.values({ preventCancel: true })) {
    seen.push(data);
    if (data === '2') break;
  }
  let reader = events.getReader();
  for (const _ of '34') seen.push(await given(reader.read()));
  reader.releaseLock();
  const loop = events.values({ preventCancel: true });
  seen.push(await given(loop.next()));
  await loop.return();
  assert.equal(await given(loop.next()), 'done');
  reader = events.getReader();
  seen.push(await given(reader.read()));
  assert.deepEqual(seen, ['1', '2', '3', '4', '5', '6']);
  assert.equal(await given(reader.read()), 'done');
  assert.equal(told.cancelled, undefined);
});

test('an event that a reader asked for and did not wait for is not lost', async () => {
  const { readable, writable } = new EventDecoderStream();
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const asked = reader.read();
  asked.catch(() => {});
  reader.releaseLock();
  await assert.rejects(asked, TypeError);
  // It goes into the queue, for which the stream had asked.
  const written = writer.write(bytes(1, 2));
  await settled();
  const seen = [];
  for await (const { data } of readable) {
    seen.push(data);
    if (data === '2') writer.close();
  }
  assert.deepEqual(seen, ['1', '2']);
  await written;
});

test('nothing is decoded ahead', async () => {
  const chunks = [bytes(1, 2), bytes(3), bytes(4), bytes(5), bytes(6)];
  for (const batches of [false, true]) {
    const { events, told } = piped(chunks, { batches });
    const loop = events.values();
    await loop.next();
    await settled();
    // One is decoded, and the pipe may hold another one.
    assert.ok(told.pulled <= 2, `${told.pulled} chunks`);
    await loop.return();
  }
});

test('who leaves cancels the source, with the reason', async () => {
  const { events, told } = piped([bytes(1, 2)], { end: 'wait' });
  for await (const _ of events) break;
  assert.equal(told.cancelled, 'without a reason');
});

test('leaving waits for the calls before it', async () => {
  const { readable, writable } = new EventDecoderStream();
  const writer = writable.getWriter();
  const loop = readable.values();
  const order = [];
  const waiting = given(loop.next()).then((data) => order.push(data));
  const reason = new Error('enough');
  const leaving = loop.return(reason).then(({ value }) => order.push(value));
  await settled();
  assert.deepEqual(order, []);
  await writer.write(bytes(1));
  await Promise.all([waiting, leaving]);
  assert.deepEqual(order, ['1', reason]);
  await assert.rejects(writer.closed, (error) => error === reason);
});

test('an error comes after the events before it, and to every call', async () => {
  const mine = new Error('mine');
  const loop = piped([bytes(1, 2)], { end: mine }).events.values();
  assert.equal(await given(loop.next()), '1');
  assert.equal(await given(loop.next()), '2');
  await assert.rejects(loop.next(), (error) => error === mine);
  assert.equal(await given(loop.next()), 'done');

  const limited = piped([bytes(1), Buffer.from(`data: ${'x'.repeat(50)}`)], { maxLine: 20 }).events;
  const seen = [];
  await assert.rejects(async () => {
    for await (const { data } of limited) seen.push(data);
  }, DecodeError);
  assert.deepEqual(seen, ['1']);
  assert.ok(!limited.locked);
});
