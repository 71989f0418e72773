'use strict';

// What streams tell by node:diagnostics_channel: the channel `eventwire:stream`. Who does not subscribe to it pays for nothing.

const { channel } = require('node:diagnostics_channel');

const streams = channel('eventwire:stream');

// What is said of each kind of item. Nothing that may be a secret: no headers, no bodies, no data.
const messages = {
  opened: ({ status, url }) => ({ status, answered: url }),
  reconnecting: ({ reason, attempt, delay }) => ({ reason, attempt, delay }),
  reset: ({ requested, reason, first }) => ({ requested, reason, first }),
  closed: ({ reason, error }) => ({ reason, error }),
};

// Publishes what happened to the connection of `stream`, and nothing of its events; `native` has its URL as it may be shown.
function tell(stream, native, items) {
  if (!streams.hasSubscribers) return;
  const { shownUrl } = native;
  for (const item of items) {
    const message = messages[item.kind];
    if (message) streams.publish({ type: item.kind, url: shownUrl, stream, ...message(item) });
  }
}

module.exports = { tell };
