// Bytes to events, and back.

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
