'use strict';

// What is published, for a hub and for a Publisher alike.

const { any, read, string, toJson, topics, wrong } = require('./options.js');

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

// Several, each with its topics: `publishMany` takes an array, or anything else that can be iterated.
function toMessages(publications) {
  if (typeof publications?.[Symbol.iterator] !== 'function' || typeof publications === 'string') {
    throw new TypeError('publishMany takes an array of objects with topic and data or json (and event, key)');
  }
  return Array.from(publications, (publication, index) => {
    const what = `the publication at index ${index}`;
    if (typeof publication !== 'object' || publication === null) throw wrong(what, 'an object', publication);
    const { topic, ...message } = publication;
    if (topic === undefined) throw new TypeError(`${what} has no topic`);
    try {
      return toMessage(topic, message);
    } catch (error) {
      throw new TypeError(`${what}: ${error.message}`, { cause: error });
    }
  });
}

module.exports = { toMessage, toMessages };
