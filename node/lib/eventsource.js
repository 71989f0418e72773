'use strict';

// The WHATWG class (HTML, section 9.2), over the same native stream, by the rules of its own that the core has for it.

const { native } = require('./native.js');
const { call } = require('./errors.js');
const { Fetching } = require('./fetching.js');
const { hold } = require('./loop.js');
const { Mailbox } = require('./mailbox.js');
const { body, boolean, callable, headers, read, string, wrong } = require('./options.js');
const { unpackItems } = require('./packed.js');
const { tell } = require('./diagnostics.js');
const { checkWithFetch, takeTransport, transportOptions } = require('./transport.js');

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

// As Web IDL has it: any value is one or the other.
const truth = (_, value) => Boolean(value);
const init = { withCredentials: truth, method: string, headers, body, resendBody: boolean, lastEventId: string, fetch: callable, ...transportOptions };

// The reconnection time before the server sets one, in milliseconds: the core's.
const RECONNECTION_TIME = 1000;

// What only this package may give to the constructor: what the class stands on, in place of a URL's answers.
class Inside {
  constructor(fields) {
    Object.assign(this, fields);
  }
}

// For the test kit: `attach` takes the native stream before it opens.
const scripted = (attach) => new Inside({ attach });

// They are no user's: `isTrusted`, which Node knows of its own events only.
const TRUSTED = { value: true, enumerable: true };
function trusted(event) {
  Reflect.defineProperty(event, 'isTrusted', TRUSTED);
  return event;
}

// An error event that says what happened, which a browser's does not.
class ErrorEvent extends Event {
  constructor(error) {
    super('error');
    this.error = error;
    this.message = error?.message ?? '';
    this.status = error?.status;
  }
}

class EventSource extends EventTarget {
  #native;
  #mailbox;
  #url;
  #withCredentials;
  #readyState = CONNECTING;
  #origin = '';
  #release;
  #handlers = new Map();
  // The id of the event that is being dispatched.
  #dispatching;
  // Whether it reads a stream that was given, which has no address.
  #given = false;

  constructor(url, options = {}) {
    super();
    if (arguments.length === 0) throw new TypeError('EventSource takes a URL');
    const what = 'the init of EventSource';
    const { transport, rest: others } = takeTransport(checkWithFetch(what, read(what, options ?? {}, init)));
    const { withCredentials = false, headers: pairs = [], resendBody = false, fetch, ...rest } = others;
    const inside = arguments[2] instanceof Inside ? arguments[2] : null;
    if (inside?.stream) {
      this.#given = true;
      this.#url = 'about:event-stream';
      this.#withCredentials = false;
      this.#read(inside.stream);
      return;
    }
    let target;
    try {
      target = new URL(String(url));
    } catch {
      throw new DOMException(`${JSON.stringify(String(url))} is no absolute URL`, 'SyntaxError');
    }
    this.#url = target.href;
    this.#withCredentials = withCredentials;
    if (target.protocol !== 'http:' && target.protocol !== 'https:') {
      // By the standard the class can be made for any URL, and fails when it comes to fetch it.
      const error = new TypeError(`${this.#url} cannot be fetched: its scheme is neither http nor https`);
      setImmediate(() => this.#fail(error));
      return;
    }
    this.#native = call(
      () =>
        new native.Stream({
          ...rest,
          url: this.#url,
          headers: pairs,
          reconnect: true,
          retry: { resendBody },
          eventSource: true,
          transport,
        }),
    );
    if (inside) inside.attach(this.#native);
    else if (fetch) new Fetching(this.#native, fetch, { credentials: withCredentials ? 'include' : 'same-origin' });
    this.#open();
  }

  static fromReadableStream(stream) {
    if (typeof stream?.getReader !== 'function') throw wrong('what EventSource.fromReadableStream reads', 'a ReadableStream', stream);
    if (stream.locked) throw new TypeError('this stream is locked: somebody else reads it already');
    return new EventSource('about:event-stream', {}, new Inside({ stream }));
  }

  // A stream that is there already: the same as an answer to the one request that is ever made.
  #read(stream) {
    const reader = stream.getReader();
    const answer = { status: 200, headers: [['content-type', 'text/event-stream']], reader };
    this.#native = call(() => new native.Stream({ url: 'http://event-stream.invalid/', headers: [], reconnect: false }));
    new Fetching(this.#native, async () => answer);
    this.#open();
  }

  #open() {
    call(() => this.#native.open());
    this.#mailbox = new Mailbox(this.#native, unpackItems);
    // Alive until closed, also where nobody listens yet.
    this.#mailbox.referenced = false;
    this.#release = hold();
    this.#run();
  }

  async #run() {
    try {
      for (let items; (items = await this.#mailbox.next()) !== null; ) {
        tell(this, this.#given ? { shownUrl: this.#url } : this.#native, items);
        for (const item of items) {
          // By a handler, or since the mailbox gave them.
          if (this.#readyState === CLOSED) return;
          this.#take(item);
        }
      }
      this.#fail(null);
    } catch (error) {
      this.#fail(this.#given ? (error.cause ?? error) : error);
    }
  }

  #take(item) {
    switch (item.kind) {
      case 'opened':
        this.#readyState = OPEN;
        this.#origin = this.#given ? 'null' : new URL(item.url).origin;
        this.dispatchEvent(trusted(new Event('open')));
        break;
      case 'event':
      case 'reset': {
        const { event, data, id } = item;
        this.#dispatching = id;
        try {
          this.dispatchEvent(trusted(new MessageEvent(event, { data, origin: this.#origin, lastEventId: id })));
        } finally {
          this.#dispatching = undefined;
        }
        break;
      }
      case 'reconnecting':
        this.#readyState = CONNECTING;
        this.dispatchEvent(trusted(new ErrorEvent(item.reason)));
        break;
    }
  }

  // "Fail the connection": for good.
  #fail(error) {
    if (this.#readyState === CLOSED) return;
    this.close();
    this.dispatchEvent(trusted(new ErrorEvent(error)));
  }

  close() {
    this.#readyState = CLOSED;
    this.#mailbox?.close();
    this.#release?.();
    this.#release = null;
  }

  get url() {
    return this.#url;
  }

  get withCredentials() {
    return this.#withCredentials;
  }

  get readyState() {
    return this.#readyState;
  }

  get lastEventId() {
    // Within a handler it is that of the event: more may have come already.
    return this.#dispatching ?? this.#native?.lastEventId ?? '';
  }

  get reconnectionTime() {
    return this.#native?.reconnectionTime ?? RECONNECTION_TIME;
  }

  ref() {
    if (this.#mailbox && this.#readyState !== CLOSED) this.#release ??= hold();
    return this;
  }

  unref() {
    this.#release?.();
    this.#release = null;
    return this;
  }

  // An event handler attribute (HTML, section 8.1.8): it keeps its place among the listeners when it is replaced.
  #handler(type) {
    return this.#handlers.get(type)?.handler ?? null;
  }

  #setHandler(type, handler) {
    const callable = typeof handler === 'function' || (typeof handler === 'object' && handler !== null);
    const known = this.#handlers.get(type);
    if (known && callable) known.handler = handler;
    else if (known) {
      this.removeEventListener(type, known.listener);
      this.#handlers.delete(type);
    } else if (callable) {
      const entry = { handler, listener: (event) => typeof entry.handler === 'function' && entry.handler.call(this, event) };
      this.#handlers.set(type, entry);
      this.addEventListener(type, entry.listener);
    }
  }

  get onopen() {
    return this.#handler('open');
  }

  set onopen(handler) {
    this.#setHandler('open', handler);
  }

  get onmessage() {
    return this.#handler('message');
  }

  set onmessage(handler) {
    this.#setHandler('message', handler);
  }

  get onerror() {
    return this.#handler('error');
  }

  set onerror(handler) {
    this.#setHandler('error', handler);
  }
}

for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSED })) {
  const constant = { value, enumerable: true, writable: false, configurable: false };
  Object.defineProperty(EventSource, name, constant);
  Object.defineProperty(EventSource.prototype, name, constant);
}
// As Web IDL has them: what a class of JavaScript defines is not enumerable by itself.
for (const name of ['url', 'withCredentials', 'readyState', 'lastEventId', 'reconnectionTime', 'onopen', 'onmessage', 'onerror', 'close']) {
  Object.defineProperty(EventSource.prototype, name, { enumerable: true });
}
Object.defineProperty(EventSource, 'fromReadableStream', { enumerable: true });
Object.defineProperty(EventSource.prototype, Symbol.toStringTag, { value: 'EventSource', configurable: true });
if (Symbol.dispose) EventSource.prototype[Symbol.dispose] = EventSource.prototype.close;

module.exports = { EventSource, scripted };
