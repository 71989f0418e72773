'use strict';

// Batches of items as native code packs them: texts, and four numbers for each item (its kind, and where its event, id and data
// end in the text). V8 makes the objects, which is four to ten times faster than making them through Node-API.
//
// A string that is cut out of a text keeps all of it alive, so a batch comes in pieces of some 16 KiB.

const { toError, toHeaders } = require('./errors.js');

const WORDS_PER_ITEM = 4;

// Before those, where the memory of the numbers is used again: how many items the piece has, whether another piece follows, and how
// many items all pieces have that are left.
const MORE = 1;
const LEFT = 2;
const HEAD = 3;

const EVENT = 0;
const COMMENT = 1;
const OPENED = 2;
const RESET = 3;
const RECONNECTING = 4;
const CLOSED = 5;
const PREPARE = 7;
const MARK = 8;

// Beside the kind: event or id are those of the item before, which may be of the piece before.
const KIND = 0xff;
const SAME_EVENT = 0x100;
const SAME_ID = 0x200;

// Cuts the items of a batch, one piece after the other.
class Cutter {
  #event = '';
  #id = '';

  // Puts what `make` makes of each of the `count` items whose numbers begin at `at` into `items`, from `length` on.
  cut(items, length, text, words, at, count, make) {
    let event = this.#event;
    let id = this.#id;
    let start = 0;
    for (const end = at + count * WORDS_PER_ITEM; at < end; at += WORDS_PER_ITEM) {
      const kind = words[at];
      const eventEnd = words[at + 1];
      const idEnd = words[at + 2];
      const dataEnd = words[at + 3];
      if ((kind & SAME_EVENT) === 0) event = text.slice(start, eventEnd);
      if ((kind & SAME_ID) === 0) id = text.slice(eventEnd, idEnd);
      // Not by push, which is a call.
      items[length++] = make(kind & KIND, event, id, text.slice(idEnd, dataEnd));
      start = dataEnd;
    }
    this.#event = event;
    this.#id = id;
  }
}

function unpack(pieces, make) {
  const items = [];
  const cutter = new Cutter();
  for (const { text, words } of pieces) {
    cutter.cut(items, items.length, text, words, 0, words.length / WORDS_PER_ITEM, make);
  }
  return items;
}

// What a decoder gives: events, and comments as `{comment}`.
const decoded = (kind, event, id, data) => (kind === COMMENT ? { comment: data } : { event: event || 'message', data, id });

// The same of a batch that is one event or comment, as most chunks of a slow stream are: its numbers are behind a head.
function onlyDecoded(text, words) {
  const kind = words[HEAD];
  const eventEnd = words[HEAD + 1];
  const idEnd = words[HEAD + 2];
  const event = (kind & SAME_EVENT) === 0 ? text.slice(0, eventEnd) : '';
  const id = (kind & SAME_ID) === 0 ? text.slice(eventEnd, idEnd) : '';
  return decoded(kind & KIND, event, id, idEnd === 0 ? text : text.slice(idEnd));
}

// What a subscription in this process gives as bytes.
const encoder = new TextEncoder();
const unpackFrames = (pieces) => unpack(pieces, (kind, event, id, data) => encoder.encode(data));

// What a stream gives: everything, each with its kind.
const unpackItems = (pieces) => unpack(pieces, item);

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
    case PREPARE: {
      const { question, url, headers, attempt, last_event_id: lastEventId, error } = JSON.parse(data);
      return { kind: 'prepare', question, url, headers: toHeaders(headers), attempt, lastEventId, error: error ? toError(error) : null };
    }
    case MARK:
      return { kind: 'mark', id: data };
    default:
      throw new Error(`the native module sent an item of kind ${kind}, which this version does not know`);
  }
}

// An event as users get it, of an item that is one. A reset is an event too, so that nobody misses it.
const isEvent = ({ kind }) => kind === 'event' || kind === 'reset';
const toEvent = ({ event, data, id }) => ({ event, data, id });

module.exports = { Cutter, HEAD, LEFT, MORE, decoded, isEvent, onlyDecoded, toEvent, unpackFrames, unpackItems };
