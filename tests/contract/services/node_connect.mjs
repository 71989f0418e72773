// The contract harness's service over `connect`. ../README.md has its protocol.

import { connect } from 'eventwire';
import { serve } from './face.mjs';

// All but event-type-listeners: events of every type come without being asked for.
const capabilities = [
  'bom',
  'comments',
  'headers',
  'last-event-id',
  'post',
  'read-timeout',
  'report',
  'restart',
  'server-directed-shutdown-request',
];

function open({streamUrl, method, headers, body, lastEventId, initialDelayMs, readTimeoutMs}, reporter) {
  const stream = connect(streamUrl, {
    method: method || undefined,
    headers,
    body: body || undefined,
    lastEventId: lastEventId || undefined,
    idleTimeout: readTimeoutMs,
    comments: true,
    retry: {base: initialDelayMs ?? 0, min: 0, resendBody: true},
  });
  read(stream, reporter);
  return {close: () => stream.close(), commands: {restart: () => stream.restart()}};
}

async function read(stream, reporter) {
  try {
    for await (const item of stream.items()) {
      if (item.kind === 'event') reporter.event(item.event, item.data, item.id);
      else if (item.kind === 'comment') reporter.comment(item.comment);
      else if (item.kind === 'reconnecting') reporter.error(item.reason);
    }
  } catch (error) {
    reporter.error(error);
  }
}

serve('eventwire, Node connect', capabilities, open);
