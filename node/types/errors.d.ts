// The errors: all are an EventwireError.

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
  readonly clock: 'connect' | 'idle' | 'event' | 'deadline';
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
