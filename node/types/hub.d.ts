// The publishing side of an application.

import type { StreamEvent } from './codec.js';

export interface HubOptions {
  /** `memory:`, so far the only one. */
  store?: string;
  /** How many events the log holds; 100,000 by default. */
  maxEvents?: number;
  /** How many bytes the log holds; 64 MiB by default. */
  maxBytes?: number;
  /**
   * How many bytes an event may have: its data, its type and its id; 16 MiB by default, which is what clients take if they are not told
   * otherwise.
   */
  maxEvent?: number;
  /** How many topics are known at a time; 1,000,000 by default. */
  maxTopics?: number;
  /**
   * How many events are retained of these topics, or of each topic of these patterns, for those who come new: they get them first,
   * without ids. `{ 'prices/*': 1 }` keeps the last one of each topic that begins with `prices/`.
   */
  retained?: Record<string, number>;
  /** How many bytes are retained; 16 MiB by default. */
  maxRetainedBytes?: number;
  /** How long an event is held; null, the default, for as long as there is room. */
  maxAge?: number | null;
  /** How long a stream may be silent before a comment is sent; 15,000 by default, null for ever. */
  heartbeat?: number | null;
  /** The reconnection time that subscribers are told; null, the default, for none. */
  retry?: number | null;
  /** What happens to a subscriber that the log's tail has passed; `disconnect` by default. */
  slow?: 'disconnect' | 'skip';
  /**
   * How long the store may take for one answer; 10,000 by default, null for as long as it wants. A publish that it does not answer in
   * time is rejected with a `StoreError`, whose `outcome` says whether the event may have been stored. A hub in memory answers at once.
   */
  storeTimeout?: number | null;
}

export type Message = string | ({ event?: string; key?: string } & ({ data: string } | { json: unknown }));

/** What `publishMany` publishes: a topic or several, and a message for them. */
export type Publication = { topic: string | string[] } & Exclude<Message, string>;

export interface SubscribeOptions {
  lastEventId?: string;
  /** Where to begin without a last event ID: `live` (the default), `earliest` or `last:N`. */
  start?: 'live' | 'earliest' | `last:${number}`;
}

export interface ListenOptions {
  /** 127.0.0.1 by default. Another address than a loopback one needs `openPublish`. */
  host?: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** The origins whose pages may subscribe, and publish too where they are named; `*` lets any page subscribe. */
  cors?: string | string[];
  /** Whether anybody may publish who reaches an address that is no loopback one; false by default. */
  openPublish?: boolean;
  /**
   * How many threads write events to subscribers, 0 to 256; one for each processor by default. They need nothing of the event
   * loop. With 0, the threads that answer requests do it, which costs more for each subscriber.
   */
  threads?: number;
  limits?: {
    /** How many connections are served at a time; by default as many as files may be open, less a few. One more is answered 503. */
    maxConnections?: number;
    /** The largest body of a publish, in bytes; 16 MiB by default. */
    maxBody?: number;
    /** How many milliseconds a subscriber may take nothing of what is sent to it before it is dropped; 30,000 by default. */
    writeTimeout?: number;
    /**
     * How many milliseconds a subscriber's machine may acknowledge nothing, no probe either, before it counts as vanished and is
     * dropped; 60,000 by default, 4,000 at least.
     */
    peerTimeout?: number;
    /** How many bytes may wait in the operating system for one subscriber, the rest in the log; 256 KiB by default, 4 KiB at least. */
    sendBuffer?: number;
  };
}

/** How many subscriptions have ended, by reason. */
export interface Ended {
  /** The reader went away. */
  gone: number;
  /** Its peer had vanished: it acknowledged nothing in time, no probe either. */
  vanished: number;
  /** The log's tail had passed it. */
  slow: number;
  /** It had taken nothing for the server's `writeTimeout`. */
  stalled: number;
  /** What it had missed could not be read from the store. */
  failed: number;
  /** What it was allowed had expired. */
  expired: number;
  /** Its server was drained. */
  drained: number;
  /** It, its server or the hub was closed. */
  closed: number;
}

/** A hub's figures at one moment. */
export interface Stats {
  /** Subscriptions that are open. */
  subscribers: number;
  /** Topics that are known. */
  topics: number;
  /** Events published. */
  published: number;
  /** Events that the log holds. */
  events: number;
  /** Bytes that the log holds. */
  bytes: number;
  /** Events that are retained for those who come new. */
  retained: number;
  /** Bytes of those events. */
  retainedBytes: number;
  /** Events given to subscribers. */
  delivered: number;
  /** The bytes of those events, without what HTTP puts around them. */
  deliveredBytes: number;
  /** By how many events the slowest subscriber is behind the log's end. */
  lag: number;
  /** Subscribers that were told of a gap. */
  resets: number;
  /** The position of the log's end. */
  lastEventId: string;
  ended: Ended;
}

/**
 * The publishing side of an application: topics, one log, subscribers.
 *
 * A hub in memory is of one process. Where a cluster, PM2 or WEB_CONCURRENCY show several, the first one made gives a process
 * warning with the code `EVENTWIRE_SEVERAL_PROCESSES`, which says what to do instead.
 *
 * @example
 * const hub = new Hub();
 * const server = await hub.listen({ port: 8844 });
 * await hub.publish('orders', { json: { number: 42 } });
 */
export class Hub {
  constructor(options?: HubOptions);
  /** Publishes under one topic or several; the event's id. */
  publish(topics: string | string[], message: Message): Promise<string>;
  /**
   * Publishes several events in one go, at most 1000: all of them or none. Their ids, in their order. It costs less than one by
   * one, and nobody's event comes between them. Where one is refused, the error's text names its index.
   *
   * @example
   * await hub.publishMany([{ topic: 'orders', data: 'number 42' }, { topic: 'orders', json: { number: 43 } }]);
   */
  publishMany(publications: Iterable<Publication>): Promise<string[]>;
  /**
   * Reads topics in this process; nothing that is published from now on is missed. `orders/*` is every topic that begins with
   * `orders/`, and `*` every topic, also those that come later.
   */
  subscribe(topics: string | string[], options?: SubscribeOptions): Subscription;
  /** Serves the hub over HTTP. */
  listen(options?: ListenOptions): Promise<Server>;
  stats(): Stats;
  /** Ends all subscriptions, and closes its servers. */
  close(): void;
}

/**
 * Topics of a hub, read in its own process: as events, or as frames. Where events are read so slowly that the log's tail passes the
 * reader, one of the type `eventwire.reset` says what is gone, whatever the hub's `slow` is.
 */
export class Subscription implements AsyncIterable<StreamEvent> {
  private constructor();
  [Symbol.asyncIterator](): AsyncGenerator<StreamEvent, void, undefined>;
  /** The encoded events, marks and heartbeats, to be written to a response as they are. */
  frames(): AsyncGenerator<Uint8Array, void, undefined>;
  readonly lastEventId: string;
  close(): void;
  [Symbol.dispose](): void;
}

/** A hub that listens; it keeps the process alive until it is closed. */
export class Server {
  private constructor();
  /** `http://host:port`. */
  readonly url: string;
  /** How many connections are open. */
  readonly connections: number;
  /** How many of them are streams that threads of their own write. */
  readonly sharded: number;
  /** How many connections were refused because there were too many. */
  readonly refused: number;
  /** Takes no new connections, ends the streams, and waits at most so long (10,000 by default); whether all had ended. */
  drain(timeout?: number): Promise<boolean>;
  close(): void;
  [Symbol.dispose](): void;
}
