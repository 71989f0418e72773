'use strict';

// Subscribing to a URL.

const { inspect } = require('node:util');
const { native } = require('./native.js');
const { call } = require('./errors.js');
const { Fetching } = require('./fetching.js');
const { Mailbox } = require('./mailbox.js');
const { abortSignal, any, body, boolean, callable, count, headers, milliseconds, oneOf, orNull, path, read, retry, string, toJson, wrong } = require('./options.js');
const { tell } = require('./diagnostics.js');
const { checkWithFetch, takeTransport, transportOptions } = require('./transport.js');
const { isEvent, toEvent, unpackItems } = require('./packed.js');
const { Preparing } = require('./prepare.js');

// Names and values for the query: what `URLSearchParams` takes, and lists of values, which it would join by commas.
function params(what, value) {
  if (typeof value === 'string' || value?.[Symbol.iterator]) return [...new URLSearchParams(value)];
  if (typeof value !== 'object' || value === null) throw wrong(what, 'an object, URLSearchParams, or a string', value);
  return Object.entries(value).flatMap(([name, values]) => texts(`${JSON.stringify(name)} in ${what}`, [values].flat()).map((one) => [name, one]));
}

// What there is none of is left out.
function texts(what, values) {
  return values
    .filter((one) => one !== null && one !== undefined)
    .map((one) => {
      if (!['string', 'number', 'boolean', 'bigint'].includes(typeof one)) throw wrong(what, 'a string, a number or a boolean', one);
      return String(one);
    });
}

const streamOptions = {
  method: string,
  headers,
  params,
  body,
  json: any,
  lastEventId: string,
  retry,
  connectTimeout: milliseconds,
  idleTimeout: orNull(milliseconds),
  eventTimeout: orNull(milliseconds),
  maxLine: count,
  maxEvent: count,
  mailbox: count,
  comments: boolean,
  followRedirects: boolean,
  fetch: callable,
  signal: abortSignal,
  ...transportOptions,
  prepare: callable,
  ack: oneOf('auto', 'manual'),
  cursorFile: path,
};

// What the native stream is made of, from the options of `connect`.
function toNative(url, options) {
  const { transport, rest: others } = takeTransport(options);
  const { params: query = [], json, retry: policy, signal: _, fetch: __, headers: pairs = [], prepare, ack, ...rest } = others;
  // What is no URL native code refuses, with what to give.
  const target = URL.canParse(url) ? new URL(url) : { href: String(url) };
  for (const [name, value] of query) target.searchParams?.append(name, value);
  const asked = { prepare: prepare !== undefined, manualAck: ack === 'manual' };
  const built = { ...rest, ...asked, url: target.href, headers: pairs, reconnect: policy !== null, retry: policy ?? undefined, transport };
  // `items` tells everything, and who reads events alone is given none.
  built.comments ??= true;
  if (json !== undefined) {
    if (built.body !== undefined) throw new TypeError('give body or json, not both');
    built.body = Buffer.from(toJson('the options of connect', json));
    if (!pairs.some(([name]) => name === 'content-type')) built.headers = [...pairs, ['content-type', 'application/json']];
  }
  return built;
}

// Without the times that there are none of yet, as null.
function toStats({ sinceByte = null, sinceEvent = null, ...counts }) {
  return { ...counts, sinceByte, sinceEvent };
}

// An end by `process.exit()` runs no hook of native code.
let atExit = false;
function savesAtExit() {
  if (!atExit) process.on('exit', () => native.saveAll());
  atExit = true;
}

class EventStream {
  #native;
  #mailbox = null;
  // One iteration has it from its beginning on: it holds what others would miss.
  #claimed = false;
  // Whether it gives all items, or events alone.
  #tellsAll = false;
  #closed = false;
  #referenced = true;
  #stopListening = null;
  #lastEventId;
  #preparing;
  // Whether the native half must be told what is handed out.
  #hasPlace;
  // What a close by a signal could not save, for whoever reads.
  #unsaved = null;

  // `attach`, of the test kit, may change what the native stream stands on.
  constructor(url, options, attach) {
    const what = 'the options of connect';
    const checked = checkWithFetch(what, read(what, options, streamOptions));
    this.url = String(url);
    this.response = null;
    this.#lastEventId = checked.lastEventId;
    const built = toNative(this.url, checked);
    this.#native = call(() => new native.Stream(built));
    if (attach) attach(this.#native);
    else if (checked.fetch) new Fetching(this.#native, checked.fetch);
    this.#hasPlace = this.#native.hasPlace;
    if (checked.cursorFile !== undefined) savesAtExit();
    this.#preparing = new Preparing(this.#native, checked.prepare, built.body);
    const { signal: abort } = checked;
    if (abort?.aborted) this.close();
    else if (abort) {
      const close = () => {
        try {
          this.close();
        } catch (unsaved) {
          this.#unsaved = unsaved;
        }
      };
      abort.addEventListener('abort', close, { once: true });
      this.#stopListening = () => abort.removeEventListener('abort', close);
    }
  }

  // Opens at the first call.
  async #batch() {
    if (this.#closed) return this.#over();
    try {
      if (!this.#mailbox) {
        call(() => this.#native.open(!this.#tellsAll));
        this.#mailbox = new Mailbox(this.#native, unpackItems);
        this.#mailbox.referenced = this.#referenced;
      }
      const items = await this.#mailbox.next();
      if (items === null) this.close();
      if (this.#closed) return this.#over();
      tell(this, this.#native, items);
      // A question is the last that comes until it is answered.
      if (items.at(-1).kind === 'prepare') this.#preparing.ask(items.pop());
      for (const item of items) this.#preparing.explain(item.reason ?? item.error);
      return items;
    } catch (error) {
      this.#preparing.explain(error);
      try {
        this.close();
      } catch (unsaved) {
        unsaved.cause ??= error;
        throw unsaved;
      }
      throw error;
    }
  }

  // Before what closes the stream at its end: who is refused leaves it to whom it belongs.
  #claim() {
    if (this.#closed) return;
    if (this.#claimed) throw new TypeError('this stream is being read already: connect once more for a second reader');
    this.#claimed = true;
  }

  #over() {
    const unsaved = this.#unsaved;
    this.#unsaved = null;
    if (unsaved) throw unsaved;
    return null;
  }

  async *items() {
    this.#claim();
    this.#tellsAll = true;
    try {
      for (let items; (items = await this.#batch()) !== null; ) {
        for (const item of items) {
          // Closed while the one before was looked at: nothing more of the same batch.
          if (this.#closed) return void this.#over();
          if (item.kind === 'opened') this.response = { status: item.status, headers: item.headers, url: item.url };
          if (item.kind === 'mark') {
            this.#native.marked(item.id);
            continue;
          }
          if (isEvent(item)) this.#handOut(item.id);
          yield item;
        }
      }
    } finally {
      this.close();
    }
  }

  async *batches() {
    for await (const events of this.#events()) {
      this.#handOut(events.at(-1).id);
      yield events;
    }
  }

  async *#events() {
    this.#claim();
    try {
      for (let items; (items = await this.#batch()) !== null; ) {
        let events = [];
        for (const item of items) {
          if (item.kind === 'opened') this.response = { status: item.status, headers: item.headers, url: item.url };
          if (isEvent(item)) events.push(toEvent(item));
          if (item.kind === 'mark') {
            // Once what came before it was handed out.
            if (events.length > 0 && !this.#closed) yield events;
            events = [];
            this.#native.marked(item.id);
          }
        }
        if (events.length > 0 && !this.#closed) yield events;
      }
    } finally {
      this.close();
    }
  }

  async *[Symbol.asyncIterator]() {
    for await (const events of this.#events()) {
      for (const event of events) {
        if (this.#closed) return void this.#over();
        this.#handOut(event.id);
        yield event;
      }
    }
  }

  #handOut(id) {
    this.#lastEventId = id;
    if (this.#hasPlace) call(() => this.#native.delivered(id));
  }

  close() {
    this.#closed = true;
    this.#stopListening?.();
    this.#stopListening = null;
    call(() => (this.#mailbox ?? this.#native).close());
  }

  ack(event) {
    const id = string('id of what ack takes, an event,', event?.id);
    call(() => this.#native.ack(id));
  }

  restart() {
    call(() => this.#native.restart());
  }

  // Of what was handed out: what waits in the mailbox would be lost to who resumes from it.
  get lastEventId() {
    return this.#native.place ?? this.#lastEventId ?? this.#native.lastEventId;
  }

  get reconnectionTime() {
    return this.#native.reconnectionTime;
  }

  get stats() {
    return toStats(this.#native.stats());
  }

  get state() {
    return this.#closed ? 'closed' : this.#native.state;
  }

  // Without secrets, and that is all that a log needs.
  [inspect.custom]() {
    return `EventStream { url: '${this.#native.shownUrl}', state: '${this.state}' }`;
  }

  ref() {
    this.#referenced = true;
    if (this.#mailbox) this.#mailbox.referenced = true;
    return this;
  }

  unref() {
    this.#referenced = false;
    if (this.#mailbox) this.#mailbox.referenced = false;
    return this;
  }
}

// `using` and `await using`, where the language has them.
if (Symbol.dispose) EventStream.prototype[Symbol.dispose] = EventStream.prototype.close;
if (Symbol.asyncDispose) {
  EventStream.prototype[Symbol.asyncDispose] = async function dispose() {
    this.close();
  };
}

const connect = (url, options) => new EventStream(url, options);

module.exports = { EventStream, connect };
