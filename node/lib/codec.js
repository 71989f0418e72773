'use strict';

// Bytes to events and back, chunk by chunk.

const { native } = require('./native.js');
const { call, thrown } = require('./errors.js');
const { boolean, count, milliseconds, read, string, wrong } = require('./options.js');
const { Cutter, HEAD, LEFT, MORE, decoded, onlyDecoded } = require('./packed.js');

const decoderOptions = { lastEventId: string, maxLine: count, maxEvent: count, comments: boolean };
// All decoders are fed by one function, which V8 then knows: `words[0]` says which is meant, and it writes the numbers of a piece there.
const feeders = new native.Feeders();
const words = feeders.words();
const feed = feeders.feed();

class Decoder {
  #native;
  #number;

  constructor(options) {
    const built = read('the options of Decoder', options, decoderOptions);
    this.#native = call(() => new native.Decoder(built));
    this.#number = feeders.add(this.#native);
  }

  feed(chunk) {
    words[0] = this.#number;
    let text;
    try {
      text = feed(chunk);
    } catch (error) {
      throw thrown(error);
    }
    if (text === undefined) return [];
    if (text === null) throw wrong('what is fed', 'a Uint8Array', chunk);
    if (words[LEFT] === 1) return [onlyDecoded(text, words)];
    const items = new Array(words[LEFT]);
    const cutter = new Cutter();
    for (let done = 0; ; ) {
      const count = words[0];
      cutter.cut(items, done, text, words, HEAD, count, decoded);
      if (words[MORE] === 0) return items;
      done += count;
      words[0] = this.#number;
      text = feed();
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
