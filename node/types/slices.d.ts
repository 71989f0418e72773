// Payloads in slices.

import type { StreamEvent } from './codec.js';
import type { Message } from './hub.js';

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
