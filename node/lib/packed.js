'use strict';

// Batches of items as native code packs them: one string, and four numbers for each item (its kind, and where its event,
// id and data end). V8 makes the objects, which is four to ten times faster than making them through Node-API.

const { toError, toHeaders } = require('./errors.js');

const WORDS_PER_ITEM = 4;
const EVENT = 0;
const COMMENT = 1;
const OPENED = 2;
const RESET = 3;
const RECONNECTING = 4;
const CLOSED = 5;
const FRAME = 6;

function* parts({ text, words }) {
  let start = 0;
  for (let at = 0; at < words.length; at += WORDS_PER_ITEM) {
    const event = text.slice(start, words[at + 1]);
    const id = text.slice(words[at + 1], words[at + 2]);
    const data = text.slice(words[at + 2], words[at + 3]);
    start = words[at + 3];
    yield [words[at], event, id, data];
  }
}

// What a decoder gives: events, and comments as `{comment}`.
function unpackDecoded(batch) {
  const items = [];
  for (const [kind, event, id, data] of parts(batch)) {
    items.push(kind === COMMENT ? { comment: data } : { event: event || 'message', data, id });
  }
  return items;
}

// What a subscription in this process gives as bytes.
function unpackFrames(batch) {
  const encoder = new TextEncoder();
  const frames = [];
  for (const [kind, , , data] of parts(batch)) if (kind === FRAME) frames.push(encoder.encode(data));
  return frames;
}

// What a stream gives: everything, each with its kind.
function unpackItems(batch) {
  const items = [];
  for (const [kind, event, id, data] of parts(batch)) items.push(item(kind, event, id, data));
  return items;
}

function item(kind, event, id, data) {
  switch (kind) {
    case EVENT:
      return { kind: 'event', event: event || 'message', data, id };
    case COMMENT:
      return { kind: 'comment', comment: data };
    case RESET: {
      const { requested, reason, first } = JSON.parse(data);
      return { kind: 'reset', requested, reason, first, event, data, id };
    }
    case OPENED: {
      const { status, url, headers } = JSON.parse(data);
      return { kind: 'opened', status, url, headers: toHeaders(headers) };
    }
    case RECONNECTING: {
      const { reason, attempt, delay } = JSON.parse(data);
      return { kind: 'reconnecting', reason: toError(reason), attempt, delay };
    }
    case CLOSED: {
      const { reason, error } = JSON.parse(data);
      return { kind: 'closed', reason, error: error ? toError(error) : null };
    }
    default:
      throw new Error(`the native module sent an item of kind ${kind}, which this version does not know`);
  }
}

// An event as users get it, of an item that is one. A reset is an event too, so that nobody misses it.
const isEvent = ({ kind }) => kind === 'event' || kind === 'reset';
const toEvent = ({ event, data, id }) => ({ event, data, id });

module.exports = { isEvent, toEvent, unpackDecoded, unpackFrames, unpackItems };
