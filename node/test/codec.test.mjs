// The codec's own idiom: what the fixtures cannot say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecodeError, Decoder, EncodeError, EventDecoderStream, decode, encode } from 'eventwire';

test('an error after events of the same chunk comes with the next feed, and reset mends it', () => {
  const decoder = new Decoder({ maxLine: 8 });
  assert.deepEqual(decoder.feed(Buffer.from('data: a\n\ndata: too long\n\n')), [{ event: 'message', data: 'a', id: '' }]);
  for (let n = 0; n < 2; n++) {
    assert.throws(
      () => decoder.feed(new Uint8Array(0)),
      (error) => error instanceof DecodeError && error.kind === 'DecodeError' && error.limit === 'line' && error.max === 8,
    );
  }
  decoder.reset();
  assert.equal(decoder.feed(Buffer.from('data: b\n\n'))[0].data, 'b');
});

test('what is no bytes is a TypeError that says so', () => {
  assert.throws(() => new Decoder().feed('data: a\n\n'), /must be a Uint8Array, and is a string/);
  assert.throws(() => new Decoder({ maxlines: 3 }), /no "maxlines".*maxLine/);
  assert.throws(() => new Decoder({ maxLine: 0 }), /at least 1, and is 0/);
});

test('text beyond ASCII and beyond the basic plane comes whole', () => {
  const text = 'äöü 𝄞 🎉';
  const [event] = new Decoder().feed(encode({ data: text, event: 'é', id: '…' }));
  assert.deepEqual(event, { event: 'é', data: text, id: '…' });
});

test('decode reads a fetch body, and a break cancels it', async () => {
  let cancelled = false;
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(encode({ data: 'x' })),
    cancel: () => (cancelled = true),
  });
  for await (const event of decode(body)) {
    assert.equal(event.data, 'x');
    break;
  }
  assert.ok(cancelled);
});

test('EventDecoderStream gives events, or arrays of them', async () => {
  const chunk = Buffer.concat([encode({ data: '1' }), encode({ data: '2' })]);
  const read = async (options) => {
    const items = [];
    for await (const item of new Blob([chunk]).stream().pipeThrough(new EventDecoderStream(options))) items.push(item);
    return items;
  };
  assert.deepEqual((await read()).map(({ data }) => data), ['1', '2']);
  assert.deepEqual((await read({ batches: true })).map((batch) => batch.map(({ data }) => data)), [['1', '2']]);
});

test('nothing can be injected', () => {
  for (const [field, value] of [['id', 'a\nb'], ['id', 'a\rb'], ['id', 'a\0b'], ['event', 'a\nb'], ['event', 'a\rb']]) {
    assert.throws(
      () => encode({ data: 'x', [field]: value }),
      (error) => error instanceof EncodeError && error.field === field,
    );
  }
  const [only, ...rest] = new Decoder().feed(encode({ data: 'a\n\nevent: b\r\rid: c', comment: 'x\n\ndata: y' }));
  assert.deepEqual([only.event, only.id, rest], ['message', '', []]);
  assert.equal(only.data, 'a\n\nevent: b\n\nid: c');
});

test('wrong blocks are errors', () => {
  assert.throws(() => encode({}), EncodeError);
  assert.throws(() => encode({ event: 'x' }), EncodeError);
  assert.throws(() => encode({ data: 5 }), /data of what is encoded must be a string, and is a number/);
  assert.throws(() => encode({ data: 'x', retry: 1.5 }), /whole number/);
  assert.throws(() => encode({ dada: 'x' }), /no "dada"/);
});
