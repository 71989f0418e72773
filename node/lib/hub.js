'use strict';

// The hub of this process.

const { native } = require('./native.js');
const { call } = require('./errors.js');
const { answer, hold } = require('./loop.js');
const { Mailbox } = require('./mailbox.js');
const { toMessage, toMessages } = require('./message.js');
const { boolean, count, milliseconds, natural, orNull, read, string, topics } = require('./options.js');
const { warnOfSeveral } = require('./processes.js');
const { toEvent, unpackFrames, unpackItems } = require('./packed.js');

const hubOptions = {
  store: string,
  maxEvents: count,
  maxBytes: count,
  maxEvent: count,
  maxTopics: count,
  retained: (what, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new TypeError(`${what} must be an object of topics and numbers, such as { 'prices/*': 1 }`);
    }
    const counted = ([topic, events]) => [topic, natural(`${JSON.stringify(topic)} in ${what}`, events)];
    return Object.fromEntries(Object.entries(value).map(counted));
  },
  maxRetainedBytes: natural,
  maxAge: orNull(milliseconds),
  heartbeat: (what, value) => (value === null ? null : milliseconds(what, value)),
  retry: orNull(milliseconds),
  slow: string,
  storeTimeout: (what, value) => (value === null ? null : milliseconds(what, value)),
};

const listenOptions = {
  host: string,
  port: (what, value) => {
    if (!Number.isInteger(value) || value < 0 || value > 65535) throw new TypeError(`${what} must be a port, 0 to 65535`);
    return value;
  },
  cors: (what, value) => (Array.isArray(value) ? value : [value]).map((origin) => string(what, origin)),
  openPublish: boolean,
  threads: natural,
  limits: (what, value) =>
    read(what, value, {
      maxConnections: count,
      maxBody: count,
      writeTimeout: milliseconds,
      peerTimeout: milliseconds,
      sendBuffer: natural,
    }),
};

class Hub {
  #native;
  #servers = new Set();

  constructor(options) {
    const { heartbeat, storeTimeout, ...rest } = read('the options of Hub', options, hubOptions);
    const built = {
      ...rest,
      heartbeat: heartbeat ?? undefined,
      silent: heartbeat === null,
      storeTimeout: storeTimeout ?? undefined,
      patient: storeTimeout === null,
    };
    this.#native = call(() => new native.Hub(built));
    if ((built.store ?? 'memory:') === 'memory:') warnOfSeveral();
  }

  async publish(names, message) {
    const built = toMessage(names, message);
    return answer(call(() => this.#native.publish(built)));
  }

  async publishMany(publications) {
    const built = toMessages(publications);
    return answer(call(() => this.#native.publishMany(built)));
  }

  subscribe(names, options) {
    const checked = read('the options of subscribe', options, { lastEventId: string, start: string });
    return new Subscription(call(() => this.#native.subscribe({ topics: topics(names), ...checked })));
  }

  async listen(options) {
    const { host = '127.0.0.1', port = 0, cors = [], openPublish = false, threads, limits = {} } = read(
      'the options of listen',
      options,
      listenOptions,
    );
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const server = await answer(call(() => this.#native.serve({ address, cors, openPublish, threads, ...limits })));
    return new Server(server, this.#servers);
  }

  stats() {
    const stats = JSON.parse(call(() => this.#native.stats()));
    const { delivered_bytes: deliveredBytes, retained_bytes: retainedBytes, last_event_id: lastEventId, ...rest } = stats;
    return { ...rest, deliveredBytes, retainedBytes, lastEventId };
  }

  // Its servers with it: a closed hub has nothing to serve.
  close() {
    for (const server of this.#servers) server.close();
    this.#native.close();
  }
}

class Subscription {
  #native;
  #mailbox = null;
  #closed = false;
  #lastEventId;

  constructor(subscription) {
    this.#native = subscription;
  }

  // Reads it as events or as frames, whichever is asked for first.
  async *#read(frames) {
    if (this.#mailbox) throw new TypeError('this subscription is being read already: subscribe once more');
    call(() => this.#native.open(frames));
    this.#mailbox = new Mailbox(this.#native, frames ? unpackFrames : unpackItems);
    try {
      for (let items; (items = await this.#mailbox.next()) !== null; ) {
        for (const item of items) {
          if (this.#closed) return;
          yield item;
        }
      }
    } finally {
      this.close();
    }
  }

  async *[Symbol.asyncIterator]() {
    for await (const item of this.#read(false)) {
      this.#lastEventId = item.id;
      yield toEvent(item);
    }
  }

  frames() {
    return this.#read(true);
  }

  // Of what was handed out.
  get lastEventId() {
    return this.#lastEventId ?? this.#native.lastEventId;
  }

  close() {
    this.#closed = true;
    if (this.#mailbox) this.#mailbox.close();
    else this.#native.close();
  }
}

// Servers that listen. Nobody needs to keep one for that: without this, its port would close when its object is collected.
const listening = new Set();

class Server {
  #native;
  // A server that listens keeps the process alive.
  #release = hold();

  #siblings;

  constructor(server, siblings) {
    this.#native = server;
    this.#siblings = siblings;
    siblings.add(this);
    listening.add(this);
  }

  get url() {
    return this.#native.url;
  }

  get connections() {
    return this.#native.connections;
  }

  get sharded() {
    return this.#native.sharded;
  }

  get refused() {
    return this.#native.refused;
  }

  async drain(timeout = 10_000) {
    const drained = await answer(call(() => this.#native.drain(milliseconds('the timeout of drain', timeout))));
    this.close();
    return drained;
  }

  close() {
    this.#native.close();
    this.#release();
    this.#siblings.delete(this);
    listening.delete(this);
  }
}

for (const closable of [Hub, Subscription, Server]) {
  if (Symbol.dispose) closable.prototype[Symbol.dispose] = closable.prototype.close;
}

module.exports = { Hub, Server, Subscription };
