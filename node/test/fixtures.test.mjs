// Every codec fixture, whole, byte by byte, with empty chunks between, and at every single split.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { DecodeError, Decoder, EncodeError, EventDecoderStream, decode, encode } from 'eventwire';

const folder = new URL('../../tests/fixtures/codec/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'schema.json');
const cases = files.flatMap((file) =>
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')).cases.map((fixture) => ({ file, ...fixture })),
);

// A list of parts, as tests/fixtures/codec/README.md has it.
function bytesOf(parts) {
  return Buffer.concat(
    [parts].flat().map((part) => {
      if (typeof part === 'string') return Buffer.from(part);
      if (part.hex !== undefined) return Buffer.from(part.hex.replaceAll(' ', ''), 'hex');
      return Buffer.from(part.repeat.repeat(part.times));
    }),
  );
}
const textOf = (parts) => bytesOf(parts).toString();

function expected({ items, last_event_id = '', reconnection_time = null, error = null }) {
  const plain = items.map((item) =>
    item.comment === undefined
      ? { event: textOf(item.event ?? 'message'), data: textOf(item.data), id: textOf(item.id ?? '') }
      : { comment: textOf(item.comment) },
  );
  return { items: plain, lastEventId: textOf(last_event_id), reconnectionTime: reconnection_time, error };
}

function optionsOf({ last_event_id: lastEventId, max_line: maxLine, max_event: maxEvent, comments } = {}) {
  return { lastEventId, maxLine, maxEvent, comments };
}

function decoded(options, connections) {
  const decoder = new Decoder(options);
  const items = [];
  let error = null;
  for (const [number, chunks] of connections.entries()) {
    if (number > 0) decoder.reset();
    error = null;
    try {
      for (const chunk of chunks) items.push(...decoder.feed(chunk));
      decoder.feed(new Uint8Array(0));
    } catch (raised) {
      if (!(raised instanceof DecodeError)) throw raised;
      error = { limit: raised.limit, max: raised.max };
    }
  }
  const { lastEventId, reconnectionTime } = decoder;
  return { items, lastEventId, reconnectionTime, error };
}

function* chunkings(streams) {
  const whole = streams.map((stream) => [stream]);
  yield ['whole', whole];
  const bytes = streams.map((stream) => Array.from(stream, (_, at) => stream.subarray(at, at + 1)));
  yield ['byte by byte', bytes];
  const withEmpty = (stream) => stream.flatMap((byte) => [byte, new Uint8Array(0)]);
  yield ['byte by byte, with empty chunks', bytes.map(withEmpty)];
  for (const [number, stream] of streams.entries()) {
    for (let at = 1; at < stream.length; at++) {
      yield [`stream ${number} split at ${at}`, whole.with(number, [stream.subarray(0, at), stream.subarray(at)])];
    }
  }
}

let run = 0;
for (const fixture of cases) {
  test(`${fixture.file}: ${fixture.name}`, async () => {
    run++;
    if (fixture.encode) {
      const { text, error } = fixture.expect;
      if (error) {
        assert.throws(
          () => encode(fixture.encode),
          (raised) => raised instanceof EncodeError && raised.field === error.field,
        );
      } else {
        assert.equal(Buffer.from(encode(fixture.encode)).toString(), textOf(text));
      }
      return;
    }
    const options = optionsOf(fixture.options);
    const streams = [...(fixture.before ?? []), fixture.input].map(bytesOf);
    const wanted = expected(fixture.expect);
    for (const [how, connections] of chunkings(streams)) assert.deepEqual(decoded(options, connections), wanted, how);
    // What is built on the decoder knows one stream.
    if (streams.length === 1) await adapters(options, streams[0], wanted);
  });
}

// The same whole, through what is built on the decoder.
async function adapters(options, input, wanted) {
  const pipes = [
    () => decode([input], options),
    () => new Blob([input]).stream().pipeThrough(new EventDecoderStream(options)),
  ];
  for (const pipe of pipes) {
    const items = [];
    let failed = false;
    try {
      for await (const item of pipe()) items.push(item);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      failed = true;
    }
    assert.equal(failed, wanted.error !== null);
    // A pipe drops what it holds when it fails; what it gave is right.
    assert.deepEqual(items, failed ? wanted.items.slice(0, items.length) : wanted.items);
  }
}

test('every fixture was run', () => {
  assert.ok(cases.length > 0);
  assert.equal(run, cases.length);
});
