// The codec against the oracle, on random streams in random chunks; and the encoder against the decoder.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeError, Decoder, EncodeError, EventDecoderStream, decode, encode } from 'eventwire';
import fc from 'fast-check';
import { oracle } from './oracle.mjs';

// The same examples in every run, so that none of them can flake; a failure prints the seed and the smallest example.
// EVENTWIRE_STREAMS asks for more of them, as in Rust.
const numRuns = Number(process.env.EVENTWIRE_STREAMS ?? 300);
const SETTINGS = { numRuns, seed: 20260101 };
const TIMEOUT = { timeout: 120_000 + 200 * numRuns };
const holds = (name, ...property) => test(name, TIMEOUT, () => fc.assert(fc.asyncProperty(...property), SETTINGS));

const bytes = (...values) => fc.constantFrom(...values.map((value) => Buffer.from(value)));
const hex = (...values) => fc.constantFrom(...values.map((value) => Buffer.from(value, 'hex')));
const joined = (...parts) => fc.tuple(...parts).map((joined) => Buffer.concat(joined));

// What streams are made of, so that random ones say something: whole lines, and pieces of lines.
const end = bytes('\n', '\r', '\r\n', '\n\n', '\r\r', '\n\r', '\r\n\r\n');
const name = bytes('data', 'id', 'event', 'retry', 'data', 'id', '', 'foo', 'dat', 'DATA');
const colon = bytes(':', ': ', ':  ', ':\t', '');
const text = bytes('é', '€', '😀', '\u2028', '\u0085', '\v', '\x1c', '\0', '\0', '5', '+5', 'a');
const invalid = hex('efbbbf', 'efbb', 'f09f', 'e2', 'c0af', 'eda080', 'f4908080', '80');
const number = fc.bigInt(0n, 10n ** 25n).map((value) => Buffer.from(String(value)));
const value = fc.array(fc.oneof(text, invalid, number), { maxLength: 3 }).map((parts) => Buffer.concat(parts));
const retry = bytes('5', '+5', '\u0665', '5x', '', ' 5', '0x5', '1e3').map((odd) => Buffer.concat([Buffer.from('\nretry: '), odd, Buffer.from('\n')]));
const any = fc.uint8Array({ maxLength: 5 }).map((some) => Buffer.from(some));
const line = joined(name, colon, value, end);
const stream = joined(
  hex('', '', 'efbbbf', 'efbbbfefbbbf', 'efbb'),
  fc.array(fc.oneof({ arbitrary: line, weight: 4 }, name, colon, value, end, retry, any), { maxLength: 16 }).map((parts) => Buffer.concat(parts)),
);
// Where to cut, as parts of the whole.
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
const limit = fc.integer({ min: 1, max: 40 });

function chunked(input, cuts) {
  const ends = [...cuts.map((cut) => Math.round(cut * input.length)), input.length].sort((a, b) => a - b);
  return ends.map((at, n) => input.subarray(n === 0 ? 0 : ends[n - 1], at));
}

function told(decoder, chunks) {
  const items = [];
  let limit = null;
  try {
    for (const chunk of [...chunks, new Uint8Array(0)]) items.push(...decoder.feed(chunk));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    limit = error.limit;
  }
  return { items, lastEventId: decoder.lastEventId, reconnectionTime: decoder.reconnectionTime, limit };
}

holds('the decoder does what the standard says', stream, cuts, fc.constantFrom('', '41', '…'), async (input, cuts, lastEventId) => {
  const decoder = new Decoder({ comments: true, lastEventId });
  assert.deepEqual(told(decoder, chunked(input, cuts)), oracle(input, { lastEventId }));
});

holds('limits are hit at the same byte for every chunking', stream, cuts, limit, limit, async (input, cuts, maxLine, maxEvent) => {
  const decoder = new Decoder({ comments: true, maxLine, maxEvent });
  assert.deepEqual(told(decoder, chunked(input, cuts)), oracle(input, { maxLine, maxEvent }));
});

const streams = fc.array(stream, { minLength: 2, maxLength: 4 });
holds('a reset keeps the id and the reconnection time alone', streams, cuts, limit, async (inputs, cuts, maxEvent) => {
  const decoder = new Decoder({ comments: true, maxEvent });
  let before = { lastEventId: '', reconnectionTime: null };
  for (const input of inputs) {
    decoder.reset();
    const wanted = oracle(input, { lastEventId: before.lastEventId, maxEvent });
    wanted.reconnectionTime ??= before.reconnectionTime;
    assert.deepEqual(told(decoder, chunked(input, cuts)), wanted);
    before = wanted;
  }
});

async function all(source) {
  const items = [];
  for await (const item of source) items.push(item);
  return items;
}

holds('decode and EventDecoderStream are the same', stream, cuts, async (input, cuts) => {
  const { items } = oracle(input);
  const chunks = chunked(input, cuts);
  assert.deepEqual(await all(decode(chunks, { comments: true })), items);
  const pipe = (options) => ReadableStream.from(chunks).pipeThrough(new EventDecoderStream({ comments: true, ...options }));
  assert.deepEqual(await all(pipe()), items);
  assert.deepEqual((await all(pipe({ batches: true }))).flat(), items);
});

holds('no bytes do any harm', fc.uint8Array({ maxLength: 300 }), cuts, fc.constantFrom(1, 7, 1000), async (input, cuts, limit) => {
  const limits = { maxLine: limit, maxEvent: limit };
  assert.deepEqual(told(new Decoder({ comments: true, ...limits }), chunked(input, cuts)), oracle(input, limits));
});

const anyText = fc.string({ unit: 'binary', maxLength: 20 });
const clean = anyText.map((value) => value.replaceAll(/[\0\r\n]/g, ''));
const asLf = (value) => value.replaceAll(/\r\n|\r/g, '\n');
const time = fc.option(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { nil: undefined });
const sent = fc.array(fc.record({ data: anyText, event: clean, id: clean, retry: time }), { maxLength: 5 });
holds('what is encoded comes back', sent, cuts, async (blocks, cuts) => {
  const wanted = { items: [], lastEventId: '', reconnectionTime: null, limit: null };
  for (const { data, event, id, retry } of blocks) {
    wanted.lastEventId = id;
    wanted.reconnectionTime = retry ?? wanted.reconnectionTime;
    wanted.items.push({ event: event || 'message', data: asLf(data), id });
  }
  assert.deepEqual(told(new Decoder(), chunked(Buffer.concat(blocks.map(encode)), cuts)), wanted);
});

// Line ends, fields and whole events, to be smuggled in.
const HOSTILE = ['\n', '\r', '\r\n', 'data: x', 'id: 9', 'event: e', 'retry: 9', ':', ' ', 'a', '\0', '\u2028', '\u0085', '\v', '\ufeff', 'é', '\n\ndata: y\n\n'];
const hostile = fc.array(fc.constantFrom(...HOSTILE), { maxLength: 6 }).map((parts) => parts.join(''));
const block = fc.record({ data: hostile, event: hostile, id: hostile, comment: hostile }, { requiredKeys: [] });
holds('nothing can be injected', block, async (block) => {
  const bad = ['id', 'event'].filter((field) => /[\0\r\n]/.test(block[field] ?? ''));
  const dataless = block.event !== undefined && block.data === undefined;
  if (bad.length > 0 || dataless || Object.keys(block).length === 0) {
    const field = bad[0] ?? (dataless ? 'event' : 'block');
    assert.throws(() => encode(block), (error) => error instanceof EncodeError && error.field === field);
    return;
  }
  // Exactly the block, whatever is in it: one event where there is data, one comment for each line of it.
  const { data, event, id = '', comment } = block;
  const items = comment === undefined ? [] : asLf(comment).split('\n').map((line) => ({ comment: line }));
  if (data !== undefined) items.push({ event: event || 'message', data: asLf(data), id });
  const wanted = { items, lastEventId: id, reconnectionTime: null, limit: null };
  assert.deepEqual(told(new Decoder({ comments: true }), [encode(block)]), wanted);
});
