// Server-Sent Events: decode and encode, subscribe, publish.
//
// Times are milliseconds, sizes are bytes. A wrong argument is a TypeError that names it.

/// <reference lib="esnext.disposable" />

/** Names and values, in any form that `new Headers` takes. */
export type HeadersLike = NonNullable<ConstructorParameters<typeof Headers>[0]>;

/** One message of an event stream. */
export interface StreamEvent {
  /** Its type; `message` where the stream names none. */
  event: string;
  data: string;
  /** The last event ID when it was dispatched; empty where there is none. */
  id: string;
}

/** A comment, where they were asked for. */
export interface DecodedComment {
  comment: string;
}

/** What decoding gives, with comments or without. */
type Decoded<Comments extends boolean> = Comments extends true ? StreamEvent | DecodedComment : StreamEvent;

/** Bytes, in any form that can be iterated: a `fetch` body, a `node:http` message, an array. */
export type ByteSource = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface DecoderOptions {
  /** The last event ID to begin with; none by default. */
  lastEventId?: string;
  /** The longest line; 16 MiB by default. */
  maxLine?: number;
  /** The largest event; 16 MiB by default. */
  maxEvent?: number;
  /** Whether comments come out too; false by default. */
  comments?: boolean;
}

/**
 * Decodes an event stream, chunk by chunk, however it is cut.
 *
 * @example
 * const decoder = new Decoder();
 * for (const event of decoder.feed(chunk)) console.log(event.data);
 */
export class Decoder<Item = StreamEvent> {
  constructor(options?: DecoderOptions);
  /**
   * The events that end in this chunk; with `comments`, comments among them: `'comment' in item` tells them apart.
   *
   * @throws DecodeError where a line or an event passed its limit. Events before it in the same chunk are returned, and the
   * next call throws.
   */
  feed(chunk: Uint8Array): Item[];
  /** As of the last blank line; empty where there is none. */
  readonly lastEventId: string;
  /** What `retry:` last said; null where it said nothing. */
  readonly reconnectionTime: number | null;
  /** Begins a new connection: everything but the last event ID is forgotten. */
  reset(): void;
}

/**
 * Decodes a byte stream.
 *
 * @example
 * const response = await fetch(url);
 * for await (const event of decode(response.body)) {
 *   if (event.data === '[DONE]') break;
 *   console.log(JSON.parse(event.data));
 * }
 */
export function decode(
  source: ByteSource | null,
  options: DecoderOptions & { comments: true },
): AsyncGenerator<StreamEvent | DecodedComment, void, undefined>;
export function decode(source: ByteSource | null, options?: DecoderOptions): AsyncGenerator<StreamEvent, void, undefined>;

/**
 * Decodes within a pipe: `body.pipeThrough(new EventDecoderStream())`. With `batches`, each chunk is an array of events,
 * which costs less.
 */
export class EventDecoderStream<Batches extends boolean = false, Comments extends boolean = false> {
  constructor(options?: DecoderOptions & { batches?: Batches; comments?: Comments });
  readonly readable: ReadableStream<
    Batches extends true ? Decoded<Comments>[] : Decoded<Comments>
  >;
  readonly writable: WritableStream<Uint8Array>;
}

export interface Block {
  data?: string;
  /** The type; only together with `data`. */
  event?: string;
  /** An empty one resets the reader's last event ID. */
  id?: string;
  /** The reconnection time, a whole number. */
  retry?: number;
  /** A comment; each of its lines becomes one. */
  comment?: string;
}

/**
 * One block of an event stream.
 *
 * @throws EncodeError for a CR, LF or NUL in `event` or `id`, `event` without `data`, or nothing at all.
 */
export function encode(block: Block): Uint8Array;

/** What `encode` and `publish` take beside data. */
export interface BinaryFields {
  event?: string;
  id?: string;
  retry?: number;
  comment?: string;
  key?: string;
}

/**
 * An event that holds bytes, as base64 (RFC 4648, section 4): an event stream carries text. For `encode` and `publish`; events
 * are plain objects here, so this is a function, and so is `bytes`.
 *
 * @example
 * await hub.publish('images', binary(png, { event: 'thumbnail' }));
 */
export function binary<Fields extends BinaryFields = Record<never, never>>(
  bytes: Uint8Array,
  fields?: Fields,
): { data: string } & Fields;

/**
 * The bytes that an event holds.
 *
 * @throws DataError, with the position, where its data is not exactly base64 with padding.
 *
 * @example
 * for await (const event of connect(url)) await writeFile('thumbnail.png', bytes(event));
 */
export function bytes(event: { data: string }): Uint8Array;

/** A path, or the bytes themselves. */
export type Payload = string | URL | Uint8Array;

/** What all slices of one payload say alike. */
export interface Transfer {
  /** What its sender calls it. It may be any text, `../../etc/passwd` too: never use it as a path. */
  name: string;
  /** The size of the payload. */
  size: number;
  /** How many slices it has; at least 1. */
  count: number;
  /** How many bytes each slice holds, but the last. */
  sliceSize: number;
  /** The SHA-256 of the payload, in hex. */
  sha256: string;
}

export interface SendOptions {
  /** The payload's name, a label of at most 1024 bytes; by default the last part of the path, empty for bytes. */
  name?: string;
  /** How many bytes a slice holds, 1 to 8 MiB; 256 KiB by default. */
  sliceSize?: number;
  /** The type of the events; `slice` by default. */
  event?: string;
}

export interface SlicesOptions extends SendOptions {
  /** The id of the last slice that the reader has. One that is of no slice of this payload begins anew. */
  lastEventId?: string;
}

/** The slices of a payload, as events. `slices` makes one. */
export class Slices implements AsyncIterable<StreamEvent> {
  private constructor();
  [Symbol.asyncIterator](): AsyncGenerator<StreamEvent, void, undefined>;
  /** What is being sent; null until the first slice was read. */
  readonly transfer: Transfer | null;
  /** Closes the file; there are no more slices. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * The slices of a file, or of bytes, as events: for an endpoint of your own, where the reader sets the pace. The source is read
 * twice, once for its hash. Each event has an id, so that a client that was cut off goes on where it was.
 *
 * Iteration throws SliceError where the file changes meanwhile, and an error as those of `node:fs` where it cannot be read.
 *
 * @example
 * const events = slices('backup.tar', { lastEventId: request.headers['last-event-id'] ?? '' });
 * response.writeHead(200, { 'content-type': 'text/event-stream' });
 * await pipeline(events, async function* (events) { for await (const event of events) yield encode(event); }, response);
 */
export function slices(payload: Payload, options?: SlicesOptions): Slices;

/**
 * Publishes a file, or bytes, slice by slice. The hub's log must hold what receivers may lag behind (`maxBytes`); for more,
 * serve `slices` from an endpoint of your own. Each slice has a key that is of this call alone: retries are harmless, and sent
 * again, the file goes out again.
 *
 * @example
 * await sendFile(hub, 'files', 'backup.tar');
 */
export function sendFile(
  target: { publish(topics: string | string[], message: Message): Promise<string> },
  topics: string | string[],
  payload: Payload,
  options?: SendOptions,
): Promise<Transfer>;

export interface AssemblyOptions {
  /** The name of the payload to receive; others are passed over. By default the first that comes. */
  name?: string;
  /** The largest payload that is taken; 1 GiB by default. */
  maxSize?: number;
  /** The type of the events; `slice` by default. */
  event?: string;
}

/**
 * Puts a payload together from events that are given to it one by one, for loops of your own; `receiveFile` is one.
 *
 * @example
 * const assembly = new Assembly();
 * for await (const event of connect(url)) {
 *   const part = assembly.take(event);
 *   if (part) await file.write(part);
 *   if (assembly.complete) break;
 * }
 */
export class Assembly {
  constructor(options?: AssemblyOptions);
  /**
   * The bytes of the slice that was due; null for one that was taken before, and for what is no slice, or none of the payload
   * that is wanted.
   *
   * @throws SliceError, which says what is wrong with a slice. It was not taken then, and nothing has changed; but a wrong
   * hash, known with the last slice, is final.
   */
  take(event: { event?: string; data: string }): Uint8Array | null;
  /** What is being received; null before the first slice. */
  readonly transfer: Transfer | null;
  /** The index of the slice that is due, which is how many were taken. */
  readonly nextIndex: number;
  /** Whether all slices were taken, and are what was sent. */
  readonly complete: boolean;
  /**
   * What was received, once no more events come.
   *
   * @throws SliceError where it is not complete.
   */
  finish(): Transfer;
}

export interface ReceiveOptions extends AssemblyOptions {
  /** Breaks it off, and removes what was written; it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Events, in any form that can be iterated. */
export type Events = AsyncIterable<StreamEvent> | Iterable<StreamEvent>;

/**
 * Receives a payload in slices into a file. Other events are passed over. `source` is a URL, a stream, a subscription, or any
 * iterable of events, such as `decode(response.body)`; it is ended, as by `for await`. A URL with options is
 * `connect(url, { eventTimeout: 60_000 })`, which also bounds the wait for a sender.
 *
 * It writes beside the target, and gives that its name when all is there and the hash is right: the target is what it was before,
 * or all that was sent. On an error, what was written is removed. Rejects with SliceError where slices are wrong or missing, with
 * an error as those of `node:fs` where the file cannot be written, and with what the source throws.
 *
 * @example
 * await receiveFile('http://127.0.0.1:8844/events?topic=files&start=earliest', 'backup.tar', { name: 'backup.tar' });
 */
export function receiveFile(source: string | URL | Events, path: string | URL, options?: ReceiveOptions): Promise<Transfer>;

export interface RetryPolicy {
  /** The first delay; 1,000 by default. `retry:` sets it. */
  base?: number;
  /** The longest delay, but for what a server asks for by `Retry-After`, which counts up to a day; 30,000 by default. */
  max?: number;
  /** The shortest delay; 500 by default. */
  min?: number;
  /** How many times in a row it is tried again; null, the default, for no end. */
  attempts?: number | null;
  /** How long it may take until a connection stands again; null, the default, for no end. */
  deadline?: number | null;
  /** Whether a request with a body is sent again; false by default. */
  resendBody?: boolean;
  /** How long a connection must stand, and deliver, before the delays begin anew; 10,000 by default. */
  stableAfter?: number;
}

export type QueryValue = string | number | boolean | null | undefined;

/** PEM as bytes, or as a string; or the path of a file that has it. */
export type Pem = string | Uint8Array | URL;

/** How to reach a server. */
export interface TransportOptions {
  /**
   * Whom to trust: true, the default, is whom the system trusts; else the certificates of authorities, in PEM. False trusts anybody, with
   * a process warning of the code EVENTWIRE_UNVERIFIED.
   */
  verify?: boolean | Pem;
  /** Who to be for servers that ask: certificate and key in PEM, in one or apart. */
  cert?: Pem | { cert: Pem; key: Pem };
  /** A proxy (http, https, socks5, socks5h); false for none. By default what HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say. */
  proxy?: string | URL | false;
  /** Cookies to begin with, for this host. What servers set is kept and sent again where it belongs. By default none are kept. */
  cookies?: Record<string, string>;
  /** A name and a password (RFC 7617). */
  auth?: { username: string; password: string };
}

/** What a stream has done so far. */
export interface StreamStats {
  /** Bytes of event streams that were received, decompressed. */
  bytes: number;
  /** Events that were decoded, resets among them. Some may wait to be read. */
  events: number;
  /** Comments that were decoded, as heartbeats are. */
  comments: number;
  /** Attempts to connect after the first, those that failed too. */
  reconnects: number;
  /** Milliseconds since the last byte came; null before the first. */
  sinceByte: number | null;
  /** Milliseconds since the last event came; null before the first. */
  sinceEvent: number | null;
}

export interface ConnectOptions extends TransportOptions {
  /** GET by default. */
  method?: string;
  headers?: HeadersLike;
  /** Added to the query of the URL; what is null or undefined is left out. */
  params?: ConstructorParameters<typeof URLSearchParams>[0] | Record<string, QueryValue | readonly QueryValue[]>;
  body?: string | Uint8Array;
  /** A body, as JSON. */
  json?: unknown;
  /** Where to resume from. */
  lastEventId?: string;
  /** When to reconnect; null for never. */
  retry?: RetryPolicy | null;
  /** How long a connection may take (name, TCP, TLS); 10,000 by default. */
  connectTimeout?: number;
  /** How long no byte may come (a dead peer); null, the default, for ever. */
  idleTimeout?: number | null;
  /** How long no event may come (a stalled producer); null, the default, for ever. */
  eventTimeout?: number | null;
  /** The longest line; 16 MiB by default. */
  maxLine?: number;
  /** The largest event; 16 MiB by default. */
  maxEvent?: number;
  /** How much may wait to be read; 1 MiB by default. What is more stays with the sender. */
  mailbox?: number;
  /** Whether `items()` gives comments; true by default. Who reads events alone is given none. */
  comments?: boolean;
  /** Whether redirects are followed; true by default. */
  followRedirects?: boolean;
  /**
   * Carries the requests, in place of this library's own HTTP client: the global `fetch`, one with a dispatcher of yours, one that
   * signs. All rules stay the same: retries, resuming, redirects (it is called with `redirect: 'manual'`), `idleTimeout` and
   * `eventTimeout`; a body is read on only as its events are. What it throws is a `ConnectError` with that as its `cause`. How a
   * connection is made is its own affair: `connectTimeout`, `verify`, `cert`, `proxy` or `cookies` beside it are a TypeError.
   */
  fetch?: FetchLike;
  /** Closes the stream. */
  signal?: AbortSignal;
  /**
   * Called before every attempt, which it may change: for a token that expires, or another server. What it throws, or rejects
   * with, is the reason of an attempt that failed (PrepareError, with it as its cause), as is no answer within 30 s.
   */
  prepare?: (attempt: Attempt) => void | PromiseLike<void>;
  /** When an event is dealt with: `auto`, the default, when it is handed out; `manual`, when `ack` says so. */
  ack?: 'auto' | 'manual';
  /**
   * Where the place is kept, so that a process that is started again goes on there. It comes before `lastEventId`; where there
   * is none yet, it is made.
   */
  cursorFile?: string | URL;
}

/**
 * An attempt that is about to be made. It begins with what was given to `connect` each time; what is changed holds for this
 * attempt and its redirects.
 */
export interface Attempt {
  /** Where to. */
  url: string | URL;
  /** The headers beyond the usual ones. */
  headers: Headers;
  body: string | Uint8Array | null;
  /**
   * Which attempt in a row it is, from 1: what its error would say. A connection that was stable begins a new row, so the
   * attempt after it is the second.
   */
  readonly attempt: number;
  /** Where it will go on; empty for live. */
  readonly lastEventId: string;
  /** Why the connection before ended, or was not made; its `status` is that of the answer, where there was one. */
  readonly error: EventwireError | null;
}

/** What is called as `fetch` is, and answers so. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** What happens on a stream. */
export type StreamItem =
  | { kind: 'opened'; status: number; url: string; headers: Headers }
  | ({ kind: 'event' } & StreamEvent)
  | { kind: 'comment'; comment: string }
  /** A hub no longer holds all that was missed; what it holds follows. */
  | ({
      kind: 'reset';
      requested: string;
      reason: 'evicted' | 'ahead' | 'epoch' | 'malformed';
      first: string;
    } & StreamEvent)
  | { kind: 'reconnecting'; reason: Error; attempt: number; delay: number }
  | {
      kind: 'closed';
      reason: 'no_content' | 'ended' | 'failed' | 'gave_up';
      error: Error | null;
    };

/**
 * Events from a URL. Nothing is sent before the first one is asked for. When the connection breaks it is made again, and goes
 * on after the last event.
 *
 * Iteration ends after `close()`, an answer of 204, and a clean end that is not to be retried; every other end throws. A hub's
 * reset arrives as an event of type `eventwire.reset`, and in `items()` as an item of its own kind.
 */
export class EventStream implements AsyncIterable<StreamEvent> {
  private constructor();
  [Symbol.asyncIterator](): AsyncGenerator<StreamEvent, void, undefined>;
  /** Everything that happens, the connection and comments included. One iteration reads a stream: a second one is a TypeError. */
  items(): AsyncGenerator<StreamItem, void, undefined>;
  /** Events as they arrive together: one suspension for many. */
  batches(): AsyncGenerator<StreamEvent[], void, undefined>;
  /**
   * Ends it; nothing is delivered after this. Where there is a cursor file, it is up to date then, and given up.
   *
   * @throws CursorError where it could not be written.
   */
  close(): void;
  /**
   * Says that an event is dealt with, in a stream with `ack: 'manual'`. The place is that of the event that was acknowledged
   * last, and everything before it counts as dealt with too: ids have no order that a client knows, so acknowledge in the order
   * of the stream.
   *
   * @throws TypeError where events are acknowledged by themselves, CursorError where the cursor file could not be written,
   * ClosedError where it was closed.
   *
   * @example
   * for await (const event of stream) {
   *   await store(event);
   *   stream.ack(event);
   * }
   */
  ack(event: { id: string }): void;
  /**
   * Drops the connection and connects again at once, going on after the last event: for when one knows better than any timeout
   * that the connection is worth nothing. It is no failure: there is no wait, no item `reconnecting`, and no attempt is
   * counted. It is done whatever `retry` says, and a body is sent again. What has arrived is still given out. Before the
   * first event is asked for, and at the end, it does nothing.
   */
  restart(): void;
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
  /** The process stays alive while the stream is awaited; the default. */
  ref(): this;
  /** The process does not stay alive for this stream. */
  unref(): this;
  readonly url: string;
  /** What it has done so far. */
  readonly stats: StreamStats;
  readonly state: 'connecting' | 'open' | 'closed';
  /** The last event ID that was handed out, or with `ack: 'manual'` acknowledged: resume from it. */
  readonly lastEventId: string;
  /** What `retry:` last said; null where it said nothing. */
  readonly reconnectionTime: number | null;
  /** The answer of the server; null before the first. */
  readonly response: { status: number; headers: Headers; url: string } | null;
}

/**
 * @example
 * for await (const event of connect('http://127.0.0.1:8844/events?topic=orders')) {
 *   console.log(event.id, event.data);
 * }
 */
export function connect(url: string | URL, options?: ConnectOptions): EventStream;

export interface EventSourceInit extends TransportOptions {
  withCredentials?: boolean;
  method?: string;
  headers?: HeadersLike;
  body?: string | Uint8Array;
  /** Whether a body may be sent again after the connection was lost; without it such a stream fails then. False by default. */
  resendBody?: boolean;
  lastEventId?: string;
  /** As in `ConnectOptions`. */
  fetch?: FetchLike;
}

/** An `error` event, which says what happened. */
export interface EventSourceErrorEvent extends Event {
  readonly message: string;
  /** The status of the answer, where there was one. */
  readonly status: number | undefined;
  readonly error: Error | null;
}

/** An event of the stream, as the standard's class gives it. */
export interface EventSourceMessageEvent extends Event {
  readonly data: string;
  readonly origin: string;
  readonly lastEventId: string;
}

export interface EventSourceEventMap {
  open: Event;
  message: EventSourceMessageEvent;
  error: EventSourceErrorEvent;
}

/** The class of the WHATWG standard (HTML, section 9.2). It keeps the process alive until it is closed or `unref`ed. */
export class EventSource extends EventTarget {
  constructor(url: string | URL, init?: EventSourceInit);
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSED: 2;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  readonly url: string;
  readonly withCredentials: boolean;
  readonly readyState: 0 | 1 | 2;
  readonly lastEventId: string;
  /** In milliseconds: what the server's `retry:` last said, 1,000 before that. */
  readonly reconnectionTime: number;
  /**
   * Reads an event stream that is there already: the body of a `fetch`, the end of a pipe. Its `url` is `about:event-stream` and the
   * `origin` of its events `null`. It never connects: the stream's end, or its failure, is one `error` event, and `CLOSED`. Closing
   * cancels the stream. A stream that is locked is a TypeError.
   */
  static fromReadableStream(stream: ReadableStream<Uint8Array>): EventSource;
  onopen: ((this: EventSource, event: Event) => unknown) | null;
  onmessage: ((this: EventSource, event: EventSourceMessageEvent) => unknown) | null;
  onerror: ((this: EventSource, event: EventSourceErrorEvent) => unknown) | null;
  addEventListener<K extends keyof EventSourceEventMap>(
    type: K,
    listener: (this: EventSource, event: EventSourceEventMap[K]) => unknown,
    options?: boolean | { once?: boolean; signal?: AbortSignal },
  ): void;
  addEventListener(
    type: string,
    listener: (this: EventSource, event: EventSourceMessageEvent) => unknown,
    options?: boolean | { once?: boolean; signal?: AbortSignal },
  ): void;
  close(): void;
  [Symbol.dispose](): void;
  ref(): this;
  unref(): this;
}

export interface HubOptions {
  /** `memory:`, so far the only one. */
  store?: string;
  /** How many events the log holds; 100,000 by default. */
  maxEvents?: number;
  /** How many bytes the log holds; 64 MiB by default. */
  maxBytes?: number;
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

export interface PublisherOptions extends TransportOptions {
  headers?: HeadersLike;
  /** When to try again; null for never. A retry is harmless: each event has a key. */
  retry?: RetryPolicy | null;
}

/**
 * Publishes to a hub that runs elsewhere, in the order of the calls. Calls at the same time share requests, and each has its own
 * answer. A publish that fails on the way is tried again as `retry` says, whose deadline counts from the call on and is 30,000 where it
 * is null. Errors say by `outcome` whether the event may have been stored.
 *
 * At most 4,096 events or 16 MiB queue; beyond that, calls wait for room. Where 64 MiB wait, a call is a PublishError: await the answers.
 *
 * @example
 * const publisher = new Publisher('http://127.0.0.1:8844');
 * await publisher.publish('orders', { json: { number: 42 } });
 * await publisher.close();
 */
export class Publisher {
  /** The URL of the hub, or of its `/events`. */
  constructor(url: string | URL, options?: PublisherOptions);
  publish(topics: string | string[], message: Message): Promise<string>;
  /** Publishes several events in one request, at most 1000: all of them or none. Where one is refused, the error's `index` says which. */
  publishMany(publications: Iterable<Publication>): Promise<string[]>;
  /** Waits until all that was published before has its answer. */
  flush(): Promise<void>;
  /**
   * Takes nothing more, and lets what was published go out, for at most so many milliseconds (10,000 by default); whether all of it
   * has its answer. What has none then fails with a ClosedError.
   */
  close(timeout?: number): Promise<boolean>;
  /** Closes it, and does not wait; what was published goes out meanwhile. */
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What all errors of eventwire are. */
export class EventwireError extends Error {
  /** The name of the class, for programs. */
  readonly kind: string;
  /** For an event that was being published: whether it was stored. */
  readonly outcome?: 'not_stored' | 'unknown';
  /** Of several events that were published in one go: which one was refused. */
  readonly index?: number;
}
/** A line or an event passed its limit. */
export class DecodeError extends EventwireError {
  readonly limit: 'line' | 'event';
  readonly max: number;
}
/** A value that cannot be written into an event stream. */
export class EncodeError extends EventwireError {
  readonly field: string;
  /** The byte that cannot be there, where it is one. */
  readonly byte?: number;
  /** Its place in the value, in UTF-8 bytes. */
  readonly position?: number;
}
/** The data of an event is not what it was read as, which is base64. */
export class DataError extends EventwireError {
  /** Where it is wrong, in characters from the start. */
  readonly position: number;
}
/** A payload in slices cannot be sent, or cannot be put together. */
export class SliceError extends EventwireError {
  /**
   * What is wrong: `malformed` (the data is no slice), `inconsistent` (it contradicts itself), `too_large`, `foreign` (of another
   * payload), `missing` (slices before it, or at the end), `data` (no base64), `length`, `hash` (all came, and are not what was
   * sent), `changed` (the source, while it was sent).
   */
  readonly reason:
    | 'malformed'
    | 'inconsistent'
    | 'too_large'
    | 'foreign'
    | 'missing'
    | 'data'
    | 'length'
    | 'hash'
    | 'changed';
  /** The index of the slice that is at fault. */
  readonly index?: number;
  /** The index of the slice that was due. */
  readonly expected?: number;
  /** Where the base64 is wrong, in characters from the start. */
  readonly position?: number;
}
/** No connection, or a broken one. */
export class ConnectError extends EventwireError {
  readonly url?: string;
  readonly attempt?: number;
}
/** A status that is no event stream. */
export class StatusError extends EventwireError {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** The first KiB. */
  readonly body: string;
  readonly retryAfter?: number;
  readonly attempt?: number;
}
/** A response that is no event stream, or is encoded in a way that nobody knows. */
export class ContentTypeError extends EventwireError {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** The first KiB. */
  readonly body: string;
}
/** One of the clocks ran out. */
export class StreamTimeoutError extends EventwireError {
  readonly url?: string;
  readonly attempt?: number;
  readonly clock: 'connect' | 'idle' | 'event';
}
/** `prepare` failed, or gave no answer in time: nothing was sent. Its `cause` is what that threw. */
export class PrepareError extends EventwireError {
  readonly url?: string;
  readonly attempt?: number;
}
/** A cursor file cannot be used, or could not be written. */
export class CursorError extends EventwireError {
  readonly path?: string;
}
/** Closed already, or opened in another process. */
export class ClosedError extends EventwireError {}
/** The hub could not keep an event. */
export class StoreError extends EventwireError {
  readonly outcome: 'not_stored' | 'unknown';
}
/** The hub refused an event. */
export class PublishError extends EventwireError {
  readonly status?: number;
}
/** The server could not start. */
export class ServeError extends EventwireError {}
