'use strict';

// The errors:
//
//   EventwireError            kind: its name, for programs; outcome and index, where it was to be published
//   ├── DecodeError           limit, max
//   ├── EncodeError           field
//   ├── DataError             position
//   ├── SliceError            reason, index, expected, position
//   ├── ConnectError          url, attempt
//   ├── StatusError           url, status, headers, body, retryAfter, attempt
//   ├── ContentTypeError      url, status, headers, body
//   ├── StreamTimeoutError    clock: connect, idle or event
//   ├── PrepareError          url, attempt; cause
//   ├── CursorError           path
//   ├── ClosedError
//   ├── StoreError
//   ├── PublishError          status
//   └── ServeError
//
// A wrong argument is a TypeError; a file that cannot be read or written is an error as those of `node:fs`, with its code.

const { getSystemErrorName } = require('node:util');

class EventwireError extends Error {
  constructor(message, details = {}) {
    super(message);
    this.name = new.target.name;
    this.kind = new.target.name;
    Object.assign(this, details);
  }
}
class DecodeError extends EventwireError {}
class EncodeError extends EventwireError {}
class DataError extends EventwireError {}
class SliceError extends EventwireError {}
class ConnectError extends EventwireError {}
class StatusError extends EventwireError {}
class ContentTypeError extends EventwireError {}
class StreamTimeoutError extends EventwireError {}
class PrepareError extends EventwireError {}
class CursorError extends EventwireError {}
class ClosedError extends EventwireError {}
class StoreError extends EventwireError {}
class PublishError extends EventwireError {}
class ServeError extends EventwireError {}

const classes = {
  EventwireError,
  DecodeError,
  EncodeError,
  DataError,
  SliceError,
  ConnectError,
  StatusError,
  ContentTypeError,
  StreamTimeoutError,
  PrepareError,
  CursorError,
  ClosedError,
  StoreError,
  PublishError,
  ServeError,
};

// The core names an option as Rust does, which is as Python does.
const options = new Set(
  (
    'last_event_id connect_timeout idle_timeout event_timeout max_line max_event follow_redirects resend_body stable_after cursor_file ' +
    'max_events max_bytes max_age max_topics max_retained_bytes open_publish max_connections max_body write_timeout peer_timeout ' +
    'send_buffer store_timeout slice_size max_size publish_many send_file receive_file'
  ).split(' '),
);
const inJavaScript = (message) => message.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => (options.has(name) ? camelCase(name) : name));
// Those whose text is eventwire's own, without words of some other server.
const ours = new Set(['ArgumentError', 'DecodeError', 'PublishError', 'ServeError', 'SliceError', 'StoreError', 'StreamTimeoutError']);

const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

// The headers of a response. Native code gives text, and `Headers` takes bytes, as `fetch` has them: one character each.
const toHeaders = (pairs) => new Headers(pairs.map(([name, value]) => [name, Buffer.from(value).toString('latin1')]));

// What a `fetch` threw, by the number under which the core knows it. An error is told soon after, or never: the newest are enough.
const causes = new Map();
const MAX_CAUSES = 256;
let lastCause = 0;

function keepCause(error) {
  causes.set(++lastCause, error);
  causes.delete(lastCause - MAX_CAUSES);
  return lastCause;
}

function toFileError(message, { errno, path }) {
  const error = new Error(message);
  if (errno !== undefined) Object.assign(error, { errno: -errno, code: getSystemErrorName(-errno) });
  return path === undefined ? error : Object.assign(error, { path });
}

// The error that a failure of the native module is: its JSON, or what that was parsed to.
function toError(failure) {
  const { kind, message: said, cause, ...details } = typeof failure === 'string' ? JSON.parse(failure) : failure;
  const message = ours.has(kind) ? inJavaScript(said) : said;
  if (kind === 'ArgumentError') return new TypeError(message);
  if (kind === 'FileError') return toFileError(message, details);
  const named = {};
  for (const [name, value] of Object.entries(details)) named[camelCase(name)] = value;
  if (named.headers) named.headers = toHeaders(named.headers);
  // Times are milliseconds in JavaScript.
  if (named.retryAfter !== undefined) named.retryAfter *= 1000;
  const error = new (classes[kind] ?? EventwireError)(message, named);
  // As `new Error` has it: not among what is listed.
  if (causes.has(cause)) Object.defineProperty(error, 'cause', { value: causes.get(cause), writable: true, configurable: true });
  return error;
}

// What the native module throws; its failures become errors of these classes.
const thrown = (error) => (error.code === 'EVENTWIRE_FAILURE' ? toError(error.message) : error);

function call(native) {
  try {
    return native();
  } catch (error) {
    throw thrown(error);
  }
}

module.exports = { call, classes, keepCause, thrown, toError, toHeaders };
