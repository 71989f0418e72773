'use strict';

// Decoding within a pipe of web streams. By hand and not by a TransformStream, which costs several promises for each event; and a loop
// over the readable side takes events from where they are decoded, since the way through the queue of a stream costs some of them too.

const { Decoder } = require('./codec.js');
const { boolean } = require('./options.js');

const NOTHING = new Uint8Array(0);

// What was decoded and not yet taken, of one chunk at most: nothing is decoded ahead, so a write is over when all of its items were
// taken. They are taken by a loop, or by the queue of the stream for every other reader.
class Held {
  #items = [];
  #at = 0;
  #controller;
  // The stream waits for an item.
  #pulled = false;
  // The calls of loops that wait for one, in their order.
  #waiting = [];
  // Ends the wait of the write.
  #written = null;
  // Once there will be no more items: with an error, if it was one.
  #end = null;

  get isReady() {
    return this.#at < this.#items.length;
  }

  get end() {
    return this.#end;
  }

  take() {
    const item = this.#items[this.#at++];
    if (this.#at === this.#items.length && this.#written !== null) {
      const written = this.#written;
      this.#written = null;
      written();
    }
    return item;
  }

  // Waits for an item, or for the end.
  wait(settle) {
    this.#waiting.push(settle);
  }

  put(items) {
    this.#items = items;
    this.#at = 0;
    while (this.#waiting.length > 0 && this.isReady) this.#waiting.shift()();
    if (this.#pulled && this.isReady) {
      this.#pulled = false;
      this.#controller.enqueue(this.take());
    }
    return this.isReady ? new Promise((resolve) => (this.#written = resolve)) : undefined;
  }

  start(controller) {
    this.#controller = controller;
  }

  pull() {
    if (this.isReady) this.#controller.enqueue(this.take());
    else this.#pulled = true;
  }

  // Whether a loop may take items here: all that was decoded is. Called while there is no reader, so none waits for the queue.
  isLoopable() {
    this.#pulled = false;
    return this.#controller.desiredSize === null || this.#controller.desiredSize >= 0;
  }

  close() {
    this.#controller.close();
    this.#over({});
  }

  fail(error) {
    this.#controller.error(error);
    this.#over({ error });
  }

  cancel() {
    this.#items = [];
    this.#over({});
  }

  #over(end) {
    this.#end ??= end;
    for (const settle of this.#waiting.splice(0)) settle();
    this.#written?.();
  }
}

// What a loop asks. It holds the lock of the stream as that one's own iterator does.
class Loop {
  #held;
  #reader;
  #preventCancel;
  #over = false;
  // The last call that had to wait.
  #last = null;

  constructor(held, reader, preventCancel) {
    this.#held = held;
    this.#reader = reader;
    this.#preventCancel = preventCancel;
  }

  next() {
    if (this.#last === null && !this.#over && this.#held.isReady) {
      return Promise.resolve({ done: false, value: this.#held.take() });
    }
    return this.#wait();
  }

  #wait() {
    const promise = new Promise((resolve, reject) => {
      const settle = () => {
        if (this.#last === promise) this.#last = null;
        if (!this.#over && this.#held.isReady) return resolve({ done: false, value: this.#held.take() });
        const error = this.#over ? undefined : this.#held.end;
        this.#leave();
        return error && 'error' in error ? reject(error.error) : resolve({ done: true, value: undefined });
      };
      if (this.#over || this.#held.isReady || this.#held.end) queueMicrotask(settle);
      else this.#held.wait(settle);
    });
    this.#last = promise;
    return promise;
  }

  async return(value) {
    await this.#last?.catch(() => {});
    if (!this.#over) {
      const cancelled = this.#preventCancel ? undefined : this.#reader.cancel(value);
      this.#leave();
      await cancelled;
    }
    return { done: true, value };
  }

  #leave() {
    if (this.#over) return;
    this.#over = true;
    this.#reader.releaseLock();
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

class Readable extends ReadableStream {
  #held;

  constructor(held, cancel) {
    super({ start: (controller) => held.start(controller), pull: () => held.pull(), cancel }, { highWaterMark: 0 });
    this.#held = held;
  }

  values(options) {
    if (this.locked || !this.#held.isLoopable()) return super.values(options);
    return new Loop(this.#held, this.getReader(), Boolean(options?.preventCancel));
  }

  [Symbol.asyncIterator](options) {
    return this.values(options);
  }
}

// A pair for `pipeThrough`: bytes in, events out, or arrays of events.
class EventDecoderStream {
  constructor({ batches = false, ...options } = {}) {
    boolean('batches', batches);
    const decoder = new Decoder(options);
    const held = new Held();
    let writing;
    this.readable = new Readable(held, (reason) => {
      writing.error(reason);
      held.cancel();
    });
    const feed = (chunk) => {
      try {
        return decoder.feed(chunk);
      } catch (error) {
        held.fail(error);
        throw error;
      }
    };
    this.writable = new WritableStream({
      start: (controller) => void (writing = controller),
      write(chunk) {
        const items = feed(chunk);
        return items.length === 0 ? undefined : held.put(batches ? [items] : items);
      },
      close() {
        // A limit that the last chunk passed is said by the next feed: at the end there is none, so one is made.
        feed(NOTHING);
        held.close();
      },
      abort: (reason) => held.fail(reason),
    });
  }
}

module.exports = { EventDecoderStream };
