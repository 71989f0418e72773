'use strict';

// How to reach a server: whom to trust, who to be, by which way.

const { isUint8Array, string, wrong } = require('./options.js');

// PEM as bytes, or a string: PEM, or the path of a file; which of both, native code sees.
function pem(what, value) {
  if (typeof value === 'string') return value;
  if (isUint8Array(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof URL && value.protocol === 'file:') return require('node:url').fileURLToPath(value);
  throw wrong(what, 'the path of a file in PEM, or its text or bytes', value);
}

const verify = (what, value) => (typeof value === 'boolean' ? value : pem(what, value));

function cert(what, value) {
  if (typeof value === 'object' && value !== null && 'cert' in value && 'key' in value) {
    return [pem(`cert in ${what}`, value.cert), pem(`key in ${what}`, value.key)];
  }
  return [pem(what, value)];
}

function proxy(what, value) {
  if (value === false || typeof value === 'string') return value;
  if (value instanceof URL) return value.href;
  throw wrong(what, 'a URL, or false for none', value);
}

function cookies(what, value) {
  if (typeof value !== 'object' || value === null) throw wrong(what, 'an object of names and values', value);
  return Object.entries(value).map(([name, one]) => [name, String(one)]);
}

function auth(what, value) {
  if (typeof value !== 'object' || value === null) throw wrong(what, '{username, password}', value);
  return [string(`username in ${what}`, value.username), string(`password in ${what}`, value.password)];
}

const transportOptions = { verify, cert, proxy, cookies, auth };

let warned = false;
function warn() {
  if (warned) return;
  warned = true;
  process.emitWarning('verify: false: anybody on the way can read and change what comes; give the authority of the server instead, as verify: "ca.pem"', {
    type: 'EventwireWarning',
    code: 'EVENTWIRE_UNVERIFIED',
  });
}

// What is said of a connection, where a `fetch` that is given makes it: it would have no effect, so it is refused.
const OF_FETCH = {
  connectTimeout: 'let fetch bound that (undici by `connect.timeout` of its dispatcher), or give idleTimeout, which bounds the wait for the answer too',
  verify: 'tell fetch (undici by `connect.ca` of its dispatcher) whom to trust',
  cert: 'tell fetch (undici by `connect.cert` and `connect.key` of its dispatcher) who to be',
  proxy: 'tell fetch (undici by a ProxyAgent as its dispatcher) which way to go',
  cookies: 'give a cookie header, or a fetch that keeps cookies',
};

function checkWithFetch(what, options) {
  if (options.fetch === undefined) return options;
  for (const [name, instead] of Object.entries(OF_FETCH)) {
    if (options[name] !== undefined) {
      throw new TypeError(`${name} of ${what} has no effect where fetch is given, which makes the connections: ${instead}`);
    }
  }
  return options;
}

// Takes these out of `options`, as native code wants them.
function takeTransport({ verify: trusted = true, cert: shown, proxy: way, cookies: kept, auth: who, ...rest }) {
  const transport = { cert: shown, cookies: kept, auth: who };
  if (trusted === false) {
    transport.unverified = true;
    warn();
  } else if (trusted !== true) transport.authorities = trusted;
  if (way === false) transport.direct = true;
  else transport.proxy = way;
  return { transport, rest };
}

module.exports = { checkWithFetch, takeTransport, transportOptions };
