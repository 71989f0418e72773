'use strict';

// Bytes in an event. Events are plain objects here, so what is a method elsewhere is a function.

const { native } = require('./native.js');
const { call } = require('./errors.js');
const { isUint8Array, milliseconds, read, string, wrong } = require('./options.js');

// What encode() and publish() take beside data.
const eventFields = { event: string, id: string, retry: milliseconds, comment: string, key: string };

function binary(bytes, fields) {
  if (!isUint8Array(bytes)) throw wrong('what an event is to hold', 'a Uint8Array', bytes);
  const checked = read('the fields of binary', fields, eventFields);
  return { data: native.binaryData(bytes), ...checked };
}

function bytes(event) {
  const data = string('the data of an event', event?.data);
  return call(() => native.binaryBytes(data));
}

module.exports = { binary, bytes };
