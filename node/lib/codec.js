'use strict';

// Bytes to events and back, chunk by chunk.

const { native } = require('./native.js');
const { call, thrown } = require('./errors.js');
const { boolean, count, milliseconds, read, string, wrong } = require('./options.js');
const { Cutter, decoded } = require('./packed.js');

const decoderOptions = { lastEventId: string, maxLine: count, maxEvent: count, comments: boolean };
// What the numbers of a piece are written to, and read from before the next call: how many items it has, whether another piece
// follows, and the numbers of the items.
const shared = new native.Words();
const words = shared.view();
const HEAD = 2;

class Decoder {
  #native;
  #feed;

  constructor(options) {
    const built = read('the options of Decoder', options, decoderOptions);
    this.#native = call(() => new native.Decoder(built));
    this.#feed = native.feeder(this.#native, shared);
  }

  feed(chunk) {
    const items = [];
    let text;
    try {
      text = this.#feed(chunk);
    } catch (error) {
      throw thrown(error);
    }
    if (text === null) return items;
    if (text === undefined) throw wrong('what is fed', 'a Uint8Array', chunk);
    const cutter = new Cutter();
    for (;;) {
      cutter.cut(items, text, words, HEAD, words[0], decoded);
      if (words[1] === 0) return items;
      text = this.#feed();
    }
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

const blockFields = { data: string, event: string, id: string, retry: milliseconds, comment: string };

function encode(block) {
  const fields = read('what is encoded', block ?? {}, blockFields);
  if (fields.retry !== undefined && !Number.isSafeInteger(fields.retry)) {
    throw new TypeError(`retry must be a whole number of milliseconds, and is ${fields.retry}`);
  }
  return call(() => native.encode(fields));
}

module.exports = { Decoder, encode };
