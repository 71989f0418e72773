// Events from a URL.

import type { StreamEvent } from './codec.js';
import type { EventwireError } from './errors.js';
import type { HeadersLike, QueryValue, RetryPolicy, TransportOptions } from './transport.js';

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
  /**
   * How long a connection may take (name, TCP, TLS); 10,000 by default. It does not bound the wait for the answer, since many servers send
   * no byte before their first event: for that, set `idleTimeout`, or the `deadline` of `retry`.
   */
  connectTimeout?: number;
  /** How long no byte may come (a dead peer), from the request on; null, the default, for ever. */
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
   * @throws TypeError where events are acknowledged by themselves, or for an id with a line end or a NUL; CursorError where the cursor
   * file could not be written; ClosedError after `close()`.
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
