// The contract harness's service over `EventSource`. ../README.md has its protocol.

import { EventSource } from 'eventwire';
import { serve } from './face.mjs';

// The class knows no comments, no timeout and no restart, and its waits are the standard's.
const capabilities = ['bom', 'event-type-listeners', 'headers', 'post', 'report', 'server-directed-shutdown-request'];

function open({streamUrl, method, headers, body}, reporter) {
  const source = new EventSource(streamUrl, {
    method: method || undefined,
    headers,
    body: body || undefined,
    resendBody: true,
  });
  const report = ({type, data, lastEventId}) => reporter.event(type, data, lastEventId);
  source.onmessage = report;
  source.onerror = (event) => reporter.error(event.message);
  return {
    close: () => source.close(),
    commands: {listen: ({listen}) => source.addEventListener(listen.type, report)},
  };
}

serve('eventwire, Node EventSource', capabilities, open);
