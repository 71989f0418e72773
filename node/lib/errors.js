'use strict';

// The errors:
//
//   EventwireError            kind: its name, for programs
//   ├── DecodeError           limit, max
//   ├── EncodeError           field
//   ├── ConnectError          url, attempt
//   ├── StatusError           url, status, headers, body, retryAfter, attempt
//   ├── ContentTypeError      url, status, headers, body
//   ├── StreamTimeoutError    clock: connect, idle or event
//   ├── ClosedError
//   ├── StoreError            outcome: not_stored or unknown
//   ├── PublishError          status, outcome
//   └── ServeError
//
// A wrong argument is a TypeError.

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
class ConnectError extends EventwireError {}
class StatusError extends EventwireError {}
class ContentTypeError extends EventwireError {}
class StreamTimeoutError extends EventwireError {}
class ClosedError extends EventwireError {}
class StoreError extends EventwireError {}
class PublishError extends EventwireError {}
class ServeError extends EventwireError {}

const classes = {
  EventwireError,
  DecodeError,
  EncodeError,
  ConnectError,
  StatusError,
  ContentTypeError,
  StreamTimeoutError,
  ClosedError,
  StoreError,
  PublishError,
  ServeError,
};

const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

// The headers of a response. Native code gives text, and `Headers` takes bytes, as `fetch` has them: one character each.
const toHeaders = (pairs) => new Headers(pairs.map(([name, value]) => [name, Buffer.from(value).toString('latin1')]));

// The error that a failure of the native module is: its JSON, or what that was parsed to.
function toError(failure) {
  const { kind, message, ...details } = typeof failure === 'string' ? JSON.parse(failure) : failure;
  if (kind === 'ArgumentError') return new TypeError(message);
  const named = {};
  for (const [name, value] of Object.entries(details)) named[camelCase(name)] = value;
  if (named.headers) named.headers = toHeaders(named.headers);
  // Times are milliseconds in JavaScript.
  if (named.retryAfter !== undefined) named.retryAfter *= 1000;
  return new (classes[kind] ?? EventwireError)(message, named);
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

module.exports = { call, classes, thrown, toError, toHeaders };
