'use strict';

// What streams tell by node:diagnostics_channel: the channel `eventwire:stream`. Who does not subscribe to it pays for nothing.

const { channel } = require('node:diagnostics_channel');

const streams = channel('eventwire:stream');

// Publishes the items that are no events: what happened to a connection.
function tell(stream, items) {
  if (!streams.hasSubscribers) return;
  for (const item of items) {
    if (item.kind !== 'event' && item.kind !== 'comment') streams.publish({ stream, ...item });
  }
}

module.exports = { tell };
