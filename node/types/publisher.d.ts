// Publishing to a hub that runs elsewhere.

import type { Message, Publication } from './hub.js';
import type { HeadersLike, RetryPolicy, TransportOptions } from './transport.js';

export interface PublisherOptions extends TransportOptions {
  headers?: HeadersLike;
  /** When to try again; null for never. A retry is harmless: each event has a key. */
  retry?: RetryPolicy | null;
  /** How many milliseconds one attempt may take in all; 10,000 by default. */
  timeout?: number;
  /** How many milliseconds making a connection may take; 10,000 by default. */
  connectTimeout?: number;
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
