'use strict';

// Payloads in slices: a file, or bytes, as a sequence of events, and back. What blocks happens on threads of the core.

const { fileURLToPath } = require('node:url');
const { native } = require('./native.js');
const { call } = require('./errors.js');
const { Subscription } = require('./hub.js');
const { answer } = require('./loop.js');
const { abortSignal, count, isUint8Array, natural, read, string, topics, wrong } = require('./options.js');
const { EventStream, connect } = require('./stream.js');

const sendOptions = { name: string, sliceSize: natural, event: string };
const slicesOptions = { ...sendOptions, lastEventId: string };
const assemblyOptions = { name: string, maxSize: count, event: string };
const receiveOptions = { ...assemblyOptions, signal: abortSignal };

const isUrl = (value) => value instanceof URL;

// A path, as `node:fs` takes it.
const toPath = (what, value) => (isUrl(value) ? fileURLToPath(value) : string(what, value));

function source(what, payload) {
  if (isUint8Array(payload)) return { bytes: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength) };
  if (typeof payload === 'string' || isUrl(payload)) return { path: toPath(what, payload) };
  throw wrong(what, 'a path or a Uint8Array', payload);
}

const cut = (what, payload, options) => call(() => new native.Slices({ ...source(what, payload), ...options }));

// The next slice with its key, or null at the end. Another reader may have taken what was read: then it is looked for anew.
async function take(sliced) {
  while (await answer(call(() => sliced.advance()))) {
    const slice = sliced.current();
    if (slice) return slice;
  }
  return null;
}

class Slices {
  #native;

  constructor(payload, options) {
    this.#native = cut('what is sliced', payload, read('the options of slices', options, slicesOptions));
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (let slice; (slice = await take(this.#native)) !== null; ) {
        const { event, data, id } = slice;
        yield { event, data, id };
      }
    } finally {
      this.close();
    }
  }

  get transfer() {
    return this.#native.transfer;
  }

  close() {
    this.#native.close();
  }
}

if (Symbol.dispose) Slices.prototype[Symbol.dispose] = Slices.prototype.close;

const slices = (payload, options) => new Slices(payload, options);

async function sendFile(target, topic, payload, options) {
  const names = topics(topic);
  if (typeof target?.publish !== 'function') throw wrong('what sendFile sends to', 'a Hub or a Publisher', target);
  const sliced = cut('what is sent', payload, read('the options of sendFile', options, sendOptions));
  try {
    for (let slice; (slice = await take(sliced)) !== null; ) {
      const { event, data, key } = slice;
      await target.publish(names, { event, data, key });
    }
    return sliced.transfer;
  } finally {
    sliced.close();
  }
}

class Assembly {
  #native;

  constructor(options) {
    const checked = read('the options of Assembly', options, assemblyOptions);
    this.#native = call(() => new native.Assembly(checked));
  }

  take(event) {
    const { event: type, data } = checkEvent('what an assembly takes', event);
    return call(() => this.#native.take(type, data));
  }

  get transfer() {
    return this.#native.transfer;
  }

  get nextIndex() {
    return this.#native.nextIndex;
  }

  get complete() {
    return this.#native.complete;
  }

  finish() {
    return call(() => this.#native.finish());
  }
}

function checkEvent(what, value) {
  if (typeof value?.data === 'string') return { event: string(`the event of ${what}`, value.event ?? 'message'), data: value.data };
  const hint = isUint8Array(value) ? ': put decode() around a byte stream' : '';
  throw new TypeError(`${what} must be an event${hint}`);
}

function iterator(events) {
  const iterate = typeof events === 'object' && events !== null && (events[Symbol.asyncIterator] ?? events[Symbol.iterator]);
  if (!iterate) throw wrong('what receiveFile reads', 'a URL or an iterable of events', events);
  return iterate.call(events);
}

// The next result of an iterator, or the rejection that the signal asks for.
function next(events, signal) {
  if (!signal) return events.next();
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    // Taken off each time: one that stayed would hold every event's promise.
    const done = () => signal.removeEventListener('abort', stop);
    Promise.resolve(events.next()).then(resolve, reject).finally(done);
  });
}

async function receiveFile(from, path, options) {
  const { signal, ...rest } = read('the options of receiveFile', options, receiveOptions);
  const target = toPath('the path of receiveFile', path);
  const receiver = call(() => new native.FileReceiver(target, rest));
  const stream = typeof from === 'string' || isUrl(from) ? connect(from) : from;
  let events;
  try {
    events = iterator(stream);
    await answer(call(() => receiver.open()));
    for (;;) {
      const { done, value } = await next(events, signal);
      if (done) break;
      // Comments, where a decoder was asked for them.
      if (typeof value?.comment === 'string') continue;
      const { event, data } = checkEvent('what receiveFile reads', value);
      if (await answer(call(() => receiver.take(event, data)))) break;
    }
    return call(() => receiver.finish());
  } finally {
    receiver.close();
    // As the end of a `for await` does it; but a read that is under way, after an abort, is not waited for.
    if (stream instanceof EventStream || stream instanceof Subscription) stream.close();
    const returned = Promise.resolve(events?.return?.()).catch(() => {});
    if (!signal?.aborted) await returned;
  }
}

module.exports = { Assembly, Slices, receiveFile, sendFile, slices };
