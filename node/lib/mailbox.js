'use strict';

// Reading a native mailbox: a stream to a URL, or a subscription of this process's hub.

const { toError } = require('./errors.js');
const { forget, hold, listen, wait } = require('./loop.js');

class Mailbox {
  #source;
  #unpack;
  #token;
  #ended = false;
  // What the producer ended with; the items that came before it are given out first.
  #failure = null;
  #referenced = true;
  // Who waits: how to wake it, and how to end its hold on the process.
  #waiting = null;

  constructor(source, unpack) {
    this.#source = source;
    this.#unpack = unpack;
    this.#token = listen(source);
  }

  // The next items, at least one; null at the end. Throws what the producer ended with. For one reader at a time.
  async next() {
    while (!this.#ended) {
      const { pieces, ended, failure } = this.#source.drain();
      if (ended) {
        this.#ended = true;
        this.#failure = failure ? toError(failure) : null;
      }
      if (pieces.length > 0) return this.#unpack(pieces);
      if (!ended) await this.#ready();
    }
    const failure = this.#failure;
    this.#failure = null;
    if (failure) throw failure;
    return null;
  }

  // Waits until there is something to drain. A process stays alive for whoever waits here.
  #ready() {
    return new Promise((resolve) => {
      this.#waiting = { resolve, release: this.#referenced ? hold() : null };
      wait(this.#token, () => this.#wake());
    });
  }

  #wake() {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.release?.();
    waiting?.resolve();
  }

  // Whether waiting here keeps the process alive.
  set referenced(referenced) {
    this.#referenced = referenced;
    const waiting = this.#waiting;
    if (waiting && referenced) waiting.release ??= hold();
    if (waiting && !referenced) waiting.release = waiting.release?.() ?? null;
  }

  // Nothing is given out after this.
  close() {
    this.#ended = true;
    this.#failure = null;
    forget(this.#token);
    try {
      this.#source.close();
    } finally {
      this.#wake();
    }
  }
}

module.exports = { Mailbox };
