'use strict';

// Options are checked where they are given: what is unknown or of the wrong type is a TypeError that names it.

const { fileURLToPath } = require('node:url');
const { isUint8Array } = require('node:util/types');

function describe(value) {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function wrong(what, expected, value) {
  return new TypeError(`${what} must be ${expected}, and is ${describe(value)}`);
}

const string = (what, value) => {
  if (typeof value !== 'string') throw wrong(what, 'a string', value);
  return value;
};
const boolean = (what, value) => {
  if (typeof value !== 'boolean') throw wrong(what, 'a boolean', value);
  return value;
};
const bounded = (least, unit, fits = () => true) => (what, value) => {
  if (typeof value !== 'number' || !(value >= least) || !fits(value)) {
    throw typeof value === 'number'
      ? new TypeError(`${what} must be ${unit} of at least ${least}, and is ${value}`)
      : wrong(what, unit, value);
  }
  return value;
};
// How many they may be is a rule of native code.
const milliseconds = (what, value) => {
  if (typeof value !== 'number') throw wrong(what, 'a number of milliseconds', value);
  return value;
};
const span = bounded(0, 'a number of milliseconds', Number.isFinite);
// Infinity is as good as no bound.
const isWhole = (value) => Number.isInteger(value) || value === Infinity;
const count = bounded(1, 'a whole number', isWhole);
// Checked by native code, but for what no number there can be.
const natural = (what, value) => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw wrong(what, 'a whole number', value);
  return value;
};
// As many as native code can count.
const upwards = bounded(0, 'a whole number', isWhole);
const attempts = (what, value) => Math.min(upwards(what, value), 0xffffffff);
const orNull = (check) => (what, value) => (value === null ? undefined : check(what, value));
const any = (_, value) => value;

// By what it can do: one of another realm (jsdom, a vm context) is no instance of ours.
const abortSignal = (what, value) => {
  if (typeof value?.addEventListener !== 'function' || typeof value.aborted !== 'boolean') {
    throw wrong(what, 'an AbortSignal', value);
  }
  return value;
};

const callable = (what, value) => {
  if (typeof value !== 'function') throw wrong(what, 'a function', value);
  return value;
};

const body = (what, value) => {
  if (typeof value === 'string') return Buffer.from(value);
  if (isUint8Array(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  throw wrong(what, 'a string or a Uint8Array', value);
};

const oneOf = (...values) => (what, value) => {
  if (!values.includes(value)) throw new TypeError(`${what} must be ${values.join(' or ')}, and is ${typeof value === 'string' ? value : describe(value)}`);
  return value;
};

// A path, as a string or a file: URL.
const path = (what, value) => {
  if (value instanceof URL) return fileURLToPath(value);
  return string(what, value);
};

// The text of `json`, which not every value has.
const toJson = (what, value) => {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`json of ${what} must be what JSON can hold, and is ${describe(value)}`);
  return text;
};

const pairs = (value) => (Symbol.iterator in value ? value : Object.entries(value));

// Names and values, in whatever form `Headers` takes.
const headers = (what, value) => {
  if (typeof value !== 'object' || value === null) throw wrong(what, 'Headers, an object, or an array of pairs', value);
  try {
    // `Headers` would make a text of anything.
    if (!(value instanceof Headers)) for (const [name, one] of pairs(value)) string(`${JSON.stringify(name)} in ${what}`, one);
    return [...new Headers(value)];
  } catch (cause) {
    throw cause.message.includes(what) ? cause : new TypeError(`${what}: ${cause.message}`, { cause });
  }
};

// One topic, or several.
function topics(value) {
  const list = Array.isArray(value) ? value : [value];
  return list.map((topic) => string('a topic', topic));
}

// Checks `given` by a function for each name, and gives what they return; what is undefined is left out.
function read(what, given, checks) {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw wrong(what, 'an object', given);
  const result = {};
  for (const [name, value] of Object.entries(given)) {
    const check = checks[name];
    if (!check) {
      throw new TypeError(`${what} has no ${JSON.stringify(name)}: there are ${Object.keys(checks).join(', ')}`);
    }
    if (value === undefined) continue;
    const checked = check(`${name} of ${what}`, value);
    if (checked !== undefined) result[name] = checked;
  }
  return result;
}

const retry = (what, value) =>
  value === null
    ? null
    : read(what, value, {
        base: milliseconds,
        max: milliseconds,
        min: milliseconds,
        attempts: orNull(attempts),
        deadline: orNull(milliseconds),
        resendBody: boolean,
        stableAfter: milliseconds,
      });

module.exports = {
  abortSignal,
  any,
  body,
  boolean,
  callable,
  count,
  headers,
  isUint8Array,
  milliseconds,
  natural,
  oneOf,
  orNull,
  path,
  read,
  retry,
  span,
  string,
  toJson,
  topics,
  wrong,
};
