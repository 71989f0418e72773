// The standard's class.

import type { FetchLike } from './stream.js';
import type { HeadersLike, TransportOptions } from './transport.js';

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
