'use strict';

// A stream over the user's `fetch`. Every rule is the core's: it says what to request, when to read on, and what to drop; this
// only does so and tells what came of it.

const { isAnyArrayBuffer } = require('node:util/types');
const { native } = require('./native.js');
const { keepCause } = require('./errors.js');
const { forget, listen, wait } = require('./loop.js');

const HIDDEN_REDIRECT =
  'it redirects, and this fetch hides where to (an opaque redirect): connect to the address that it redirects to, or give a fetch ' +
  'that follows redirects by itself';

// What is not tried again, since it would be the same.
class Unusable extends TypeError {}

// What an error says, with what it says to be caused by: `fetch failed` alone explains nothing.
function explain(error) {
  const message = error?.message ?? String(error);
  return error?.cause?.message ? `${message}: ${error.cause.message}` : message;
}

function toBytes(chunk) {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (isAnyArrayBuffer(chunk)) return new Uint8Array(chunk);
  throw new Unusable(`the body gave a chunk that is no bytes but ${chunk === null ? 'null' : `a ${typeof chunk}`}`);
}

function checkResponse(response) {
  if (typeof response?.status !== 'number') throw new Unusable('fetch gave no Response');
  if (response.type === 'opaqueredirect') throw new Unusable(HIDDEN_REDIRECT);
  if (response.type === 'opaque') throw new Unusable('fetch hides the answer (an opaque response, of the mode no-cors)');
  if (response.type === 'error' || response.status === 0) throw new Error('fetch met a network error');
  return response;
}

// Serves the stream for as long as there is one. It does not hold the stream: one that is dropped closes, and says so.
class Fetching {
  #session;
  #fetch;
  #init;
  #token;
  // Of the request that is under way.
  #abort = null;
  #reader = null;

  constructor(stream, fetch, init = {}) {
    this.#session = new native.Session(stream);
    this.#fetch = fetch;
    this.#init = init;
    this.#token = listen(this.#session);
    wait(this.#token, () => this.#obey());
  }

  #obey() {
    for (const { what, number, request } of this.#session.take()) {
      switch (what) {
        case 'send':
          this.#send(number, request);
          break;
        case 'read':
          this.#read(number);
          break;
        case 'abort':
          this.#drop();
          break;
        case 'over':
          this.#drop();
          forget(this.#token);
          return;
      }
    }
    wait(this.#token, () => this.#obey());
  }

  async #send(number, { url, method, headers, body }) {
    const abort = (this.#abort = new AbortController());
    try {
      const init = { ...this.#init, method, headers: new Headers(headers), redirect: 'manual', signal: abort.signal };
      if (body) init.body = body;
      const fetch = this.#fetch;
      const response = await fetch(url, init);
      if (abort.signal.aborted) {
        response?.body?.cancel().catch(() => {});
        return;
      }
      checkResponse(response);
      this.#reader = response.reader ?? response.body?.getReader() ?? null;
      const answered = response.redirected && response.url ? response.url : undefined;
      this.#session.response(number, response.status, [...response.headers], answered);
    } catch (error) {
      this.#failed(number, error);
    }
  }

  async #read(number) {
    const reader = this.#reader;
    try {
      const { done, value } = reader ? await reader.read() : { done: true };
      if (done) this.#session.ended(number);
      else this.#session.feed(number, toBytes(value));
    } catch (error) {
      this.#failed(number, error);
    }
  }

  #failed(number, error) {
    const unusable = error instanceof Unusable;
    this.#session.failed(number, explain(error), keepCause(error), unusable);
    if (unusable) this.#drop();
  }

  // Also of what fetch has not answered yet.
  #drop() {
    this.#abort?.abort();
    this.#abort = null;
    this.#reader?.cancel().catch(() => {});
    this.#reader = null;
  }
}

module.exports = { Fetching };
