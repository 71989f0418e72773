'use strict';

// Decoding whole byte streams, for who already has one. By hand and not by an async generator, which costs several promises for each
// event: many times what it takes to decode one.

const { Decoder } = require('./codec.js');
const { wrong } = require('./options.js');

const NOTHING = new Uint8Array(0);

// A limit that the last chunk passed is said by the next feed: at the end there is none, so one is made.
const finish = (decoder) => decoder.feed(NOTHING);

// How the source gives its chunks, and whether it can.
function iterator(source) {
  const iterate = typeof source === 'object' && source !== null ? (source[Symbol.asyncIterator] ?? source[Symbol.iterator]) : null;
  if (!iterate) throw wrong('what is decoded', 'a ReadableStream or an iterable of Uint8Array', source);
  return iterate;
}

// What gives the chunks: `next` and `return` of an iterator, which may be asynchronous or not.
function open(source) {
  return source instanceof ReadableStream ? fromReader(source.getReader()) : iterator(source).call(source);
}

function fromReader(reader) {
  return {
    next: () => reader.read(),
    // As the stream's own iterator: who stops early has no more use for the rest.
    return() {
      const cancelled = reader.cancel();
      reader.releaseLock();
      return cancelled;
    },
    // After the last chunk, or its failure.
    end: () => reader.releaseLock(),
  };
}

class Decoded {
  #source;
  #decoder;
  // Opened by the first call: who never asks has locked nothing.
  #chunks = null;
  #items = [];
  #at = 0;
  #over = false;
  // The calls that are under way, and the last of them, for those that come meanwhile.
  #calls = 0;
  #last;

  constructor(source, options) {
    // Whether it can be opened is said here, where the mistake is.
    iterator(source);
    this.#source = source;
    this.#decoder = new Decoder(options);
  }

  next() {
    if (this.#calls === 0 && this.#at < this.#items.length) {
      return Promise.resolve({ done: false, value: this.#items[this.#at++] });
    }
    return this.#inTurn(() => this.#next());
  }

  return(value) {
    return this.#inTurn(async () => {
      try {
        await this.#stop();
      } finally {
        this.#calls--;
      }
      return { done: true, value };
    });
  }

  throw(error) {
    return this.#inTurn(async () => {
      try {
        await this.#stop();
      } finally {
        this.#calls--;
      }
      throw error;
    });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  // One call after the other, in the order in which they were made. Each counts itself off at its end.
  #inTurn(step) {
    this.#last = this.#calls++ === 0 ? step() : this.#last.then(step, step);
    return this.#last;
  }

  async #next() {
    let reading = false;
    try {
      while (this.#at >= this.#items.length) {
        if (this.#over) return { done: true, value: undefined };
        this.#chunks ??= open(this.#source);
        reading = true;
        const { done, value } = await this.#chunks.next();
        reading = false;
        if (done) this.#end();
        this.#items = done ? finish(this.#decoder) : this.#decoder.feed(value);
        this.#at = 0;
      }
      return { done: false, value: this.#items[this.#at++] };
    } catch (error) {
      if (reading) this.#end();
      // What the source says to being stopped does not hide this error.
      else await this.#stop().catch(() => {});
      throw error;
    } finally {
      this.#calls--;
    }
  }

  // The source has ended, or has failed by itself: there is nothing to stop.
  #end() {
    this.#over = true;
    this.#items = [];
    this.#chunks.end?.();
  }

  async #stop() {
    const open = !this.#over && this.#chunks !== null;
    this.#over = true;
    this.#items = [];
    this.#at = 0;
    if (open) await this.#chunks.return?.();
  }
}

if (Symbol.asyncDispose) {
  Object.defineProperty(Decoded.prototype, Symbol.asyncDispose, {
    async value() {
      await this.return();
    },
    writable: true,
    configurable: true,
  });
}

const decode = (source, options) => new Decoded(source, options);

module.exports = { decode };
