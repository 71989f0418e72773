'use strict';

// What is published, for a hub and for a Publisher alike.

const { any, read, string, toJson, topics } = require('./options.js');

const fields = { data: string, json: any, event: string, key: string };

function toMessage(names, message) {
  if (typeof message === 'string') return { topics: topics(names), data: message };
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw new TypeError('what is published must be a string, or an object with data or json (and event, key)');
  }
  const { json, ...rest } = read('what is published', message, fields);
  if ((json === undefined) === (rest.data === undefined)) throw new TypeError('give data or json, one of the two');
  return { topics: topics(names), ...rest, data: rest.data ?? toJson('what is published', json) };
}

module.exports = { toMessage };
