'use strict';

// Scripted servers, for tests of what handles events: see testing.d.ts for the words.

const { native } = require('./native.js');
const { call, toHeaders } = require('./errors.js');
const { EventSource, scripted } = require('./eventsource.js');
const { boolean, isUint8Array, natural, read, span, string, wrong } = require('./options.js');
const { EventStream } = require('./stream.js');

const SECOND = 1000;

class Script {
  #steps;

  constructor() {
    this.#steps = [];
  }

  // A script is never changed: so that one can be the beginning of several.
  #then(...step) {
    const next = new Script();
    next.#steps = [...this.#steps, step];
    return next;
  }

  respond(status, headers = {}) {
    let next = this.#then('respond', natural('the status of respond', status));
    for (const [name, value] of Symbol.iterator in headers ? headers : Object.entries(headers)) next = next.header(name, value);
    return next;
  }

  header(name, value) {
    return this.#then('header', string('the name of a header', name), String(value));
  }

  event(data, fields) {
    const { event, id, retry } = read('the fields of an event', fields, { event: string, id: string, retry: natural });
    return this.#then('event', string('the data of an event', data), event ?? null, id ?? null, retry ?? null);
  }

  comment(text) {
    return this.#then('comment', string('a comment', text));
  }

  send(bytes) {
    if (isUint8Array(bytes)) return this.#then('send', [...bytes]);
    if (typeof bytes !== 'string') throw wrong('what is sent', 'a string or a Uint8Array', bytes);
    return this.#then('send', bytes);
  }

  drip(every) {
    return this.#then('drip', span('the time of drip', every) / SECOND);
  }

  wait(time) {
    return this.#then('wait', span('the time of wait', time) / SECOND);
  }

  end() {
    return this.#then('end');
  }

  reset() {
    return this.#then('reset');
  }

  resetMidEvent() {
    return this.#then('reset_mid_event');
  }

  halfOpen() {
    return this.#then('half_open');
  }

  refuse() {
    return this.#then('refuse');
  }

  tlsFailure() {
    return this.#then('tls_failure');
  }

  unreachable() {
    return this.#then('unreachable');
  }

  repeat() {
    return this.#then('repeat');
  }

  toJSON() {
    return this.#steps;
  }
}

class ScriptedServer {
  #native;

  constructor(script, options) {
    if (!(script instanceof Script)) throw wrong('what a ScriptedServer plays', 'a Script', script);
    const { paused = false } = read('the options of ScriptedServer', options, { paused: boolean });
    this.#native = call(() => new native.ScriptedServer(JSON.stringify(script), paused));
    this.connect = (url, given) => new EventStream(url, given, (stream) => this.#native.attach(stream));
    const attach = (stream) => this.#native.attach(stream);
    this.EventSource = class extends EventSource {
      constructor(url, init) {
        super(url, init, scripted(attach));
      }
    };
  }

  advance(time) {
    this.#native.advance(span('the time of advance', time));
  }

  get now() {
    return this.#native.now;
  }

  get delays() {
    return this.#native.delays;
  }

  get requests() {
    return JSON.parse(this.#native.requests).map(({ at, method, url, headers, body }) => {
      const listed = toHeaders(headers);
      const id = headers.find(([name]) => name === 'last-event-id');
      return { at: at * SECOND, method, url, headers: listed, lastEventId: id ? id[1] : null, body: body ? Uint8Array.from(body) : null };
    });
  }
}

module.exports = { Script, ScriptedServer };
