'use strict';

// The WHATWG class (HTML, section 9.2), over the same native stream, by the rules of its own that the core has for it.

const { native } = require('./native.js');
const { call } = require('./errors.js');
const { hold } = require('./loop.js');
const { Mailbox } = require('./mailbox.js');
const { body, boolean, headers, read, string } = require('./options.js');
const { unpackItems } = require('./packed.js');
const { tell } = require('./diagnostics.js');
const { takeTransport, transportOptions } = require('./transport.js');

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

const init = { withCredentials: boolean, method: string, headers, body, resendBody: boolean, lastEventId: string, ...transportOptions };

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

  constructor(url, options = {}) {
    super();
    if (arguments.length === 0) throw new TypeError('EventSource takes a URL');
    const { transport, rest: others } = takeTransport(read('the init of EventSource', options ?? {}, init));
    const { withCredentials = false, headers: pairs = [], resendBody = false, ...rest } = others;
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
        tell(this, items);
        for (const item of items) {
          // By a handler, or since the mailbox gave them.
          if (this.#readyState === CLOSED) return;
          this.#take(item);
        }
      }
      this.#fail(null);
    } catch (error) {
      this.#fail(error);
    }
  }

  #take(item) {
    switch (item.kind) {
      case 'opened':
        this.#readyState = OPEN;
        this.#origin = new URL(item.url).origin;
        this.dispatchEvent(new Event('open'));
        break;
      case 'event':
      case 'reset': {
        const { event, data, id } = item;
        this.dispatchEvent(new MessageEvent(event, { data, origin: this.#origin, lastEventId: id }));
        break;
      }
      case 'reconnecting':
        this.#readyState = CONNECTING;
        this.dispatchEvent(new ErrorEvent(item.reason));
        break;
    }
  }

  // "Fail the connection": for good.
  #fail(error) {
    if (this.#readyState === CLOSED) return;
    this.close();
    this.dispatchEvent(new ErrorEvent(error));
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
    return this.#native?.lastEventId ?? '';
  }

  get reconnectionTime() {
    return this.#native?.reconnectionTime ?? null;
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

  get [Symbol.toStringTag]() {
    return 'EventSource';
  }
}

for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSED })) {
  const constant = { value, enumerable: true, writable: false, configurable: false };
  Object.defineProperty(EventSource, name, constant);
  Object.defineProperty(EventSource.prototype, name, constant);
}
if (Symbol.dispose) EventSource.prototype[Symbol.dispose] = EventSource.prototype.close;

module.exports = { EventSource };
