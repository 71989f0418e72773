'use strict';

// Bytes to events and back, for who already has a byte stream.

const { native } = require('./native.js');
const { call } = require('./errors.js');
const { boolean, count, isUint8Array, milliseconds, read, string, wrong } = require('./options.js');
const { unpackDecoded } = require('./packed.js');

const decoderOptions = { lastEventId: string, maxLine: count, maxEvent: count, comments: boolean };
const NOTHING = new Uint8Array(0);

class Decoder {
  #native;

  constructor(options) {
    const built = read('the options of Decoder', options, decoderOptions);
    this.#native = call(() => new native.Decoder(built));
  }

  feed(chunk) {
    if (!isUint8Array(chunk)) throw wrong('what is fed', 'a Uint8Array', chunk);
    return unpackDecoded(call(() => this.#native.feed(chunk)));
  }

  get lastEventId() {
    return this.#native.lastEventId;
  }

  get reconnectionTime() {
    return this.#native.reconnectionTime;
  }

  reset() {
    this.#native.reset();
  }
}

// A limit that the last chunk passed is said by the next feed: at the end there is none, so one is made.
const finish = (decoder) => decoder.feed(NOTHING);

async function* decode(source, options) {
  const decoder = new Decoder(options);
  const iterates = typeof source === 'object' && source !== null && (source[Symbol.asyncIterator] ?? source[Symbol.iterator]);
  if (!iterates) {
    throw wrong('what is decoded', 'a ReadableStream or an iterable of Uint8Array', source);
  }
  for await (const chunk of source) yield* decoder.feed(chunk);
  finish(decoder);
}

// A pair for `pipeThrough`: bytes in, events out, or arrays of events.
class EventDecoderStream {
  constructor({ batches = false, ...options } = {}) {
    boolean('batches', batches);
    const decoder = new Decoder(options);
    const { readable, writable } = new TransformStream({
      transform(chunk, controller) {
        const events = decoder.feed(chunk);
        if (!batches) for (const event of events) controller.enqueue(event);
        else if (events.length > 0) controller.enqueue(events);
      },
      flush() {
        finish(decoder);
      },
    });
    this.readable = readable;
    this.writable = writable;
  }
}

const blockFields = { data: string, event: string, id: string, retry: milliseconds, comment: string };

function encode(block) {
  const fields = read('what is encoded', block ?? {}, blockFields);
  if (fields.retry !== undefined && !Number.isSafeInteger(fields.retry)) {
    throw new TypeError(`retry must be a whole number of milliseconds, and is ${fields.retry}`);
  }
  return call(() => native.encode(fields));
}

module.exports = { Decoder, EventDecoderStream, decode, encode };
