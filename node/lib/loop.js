'use strict';

// How this environment learns that something native is ready, and what keeps it alive meanwhile.
//
// Rust wakes the event loop once for all that became ready, and here whoever waits for one of them is called. The wake itself
// keeps nothing alive: a timer does, as long as somebody holds it.

const { clearInterval, setInterval } = require('node:timers');
const { native } = require('./native.js');
const { call } = require('./errors.js');

// Who waits, by token. Only who waits is held here: a stream that was dropped half read can be collected, which closes it.
const waiting = new Map();
let lastToken = 0;
let holders = 0;
let timer;

native.enter();
const notifier = new native.Notifier(() => {
  for (const token of notifier.take()) {
    const ready = waiting.get(token);
    waiting.delete(token);
    ready?.();
  }
});

// The token under which the native `source` says that it has something to fetch.
function listen(source) {
  lastToken = (lastToken + 1) >>> 0;
  source.listen(notifier, lastToken);
  return lastToken;
}

// Calls `ready` the next time that the source of `token` has something to fetch. Nothing is missed in between: who waits has
// just found nothing, and what becomes ready is told on a later turn of the event loop.
function wait(token, ready) {
  waiting.set(token, ready);
}

// Nobody waits there any more.
function forget(token) {
  waiting.delete(token);
}

// Keeps the process alive until the returned function is called.
function hold() {
  if (holders++ === 0) timer = setInterval(() => {}, 0x7fffffff);
  let held = true;
  return () => {
    if (held && --holders === 0) clearInterval(timer);
    held = false;
  };
}

// The answer of a native task.
function answer(task) {
  return new Promise((resolve, reject) => {
    const take = () => {
      const value = call(() => task.take());
      if (value === null || value === undefined) return false;
      resolve(value);
      return true;
    };
    // What needed no waiting is there at once.
    if (take()) return;
    const release = hold();
    wait(listen(task), () => {
      release();
      try {
        take();
      } catch (error) {
        reject(error);
      }
    });
  });
}

module.exports = { answer, forget, hold, listen, wait };
