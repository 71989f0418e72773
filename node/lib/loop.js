'use strict';

// How this environment learns that something native is ready, and what keeps it alive meanwhile.
//
// Rust wakes the event loop once for all that became ready, and here each token's owner is called. The wake itself keeps
// nothing alive: a timer does, as long as somebody holds it.

const { native } = require('./native.js');
const { call } = require('./errors.js');

const owners = new Map();
let lastToken = 0;
let holders = 0;
let timer;

native.enter();
const notifier = new native.Notifier(() => {
  for (const token of notifier.take()) owners.get(token)?.();
});

// Calls `ready` whenever the native `source` has something to fetch, until the returned function is called.
function listen(source, ready) {
  lastToken = (lastToken + 1) >>> 0;
  const token = lastToken;
  owners.set(token, ready);
  source.listen(notifier, token);
  return () => owners.delete(token);
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
    const stop = listen(task, () => {
      stop();
      release();
      try {
        take();
      } catch (error) {
        reject(error);
      }
    });
  });
}

module.exports = { answer, hold, listen };
