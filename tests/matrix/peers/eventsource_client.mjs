// The client of the matrix in Node, by EventSource: eventsource_client.mjs URL [TYPE...]. ../README.md has its protocol.

import { EventSource } from 'eventwire';
import { atEndOfInput, say } from './reports.mjs';

const [url, ...types] = process.argv.slice(2);
const source = new EventSource(url);

source.onopen = () => say({kind: 'opened'});
source.onerror = (event) => {
  if (source.readyState === EventSource.CONNECTING) {
    say({kind: 'reconnecting', error: event.message ?? ''});
  } else {
    say({kind: 'error', error: event.message ?? 'the connection failed for good'});
    process.exitCode = 1;
    process.stdin.destroy();
  }
};
const onEvent = ({type, data, lastEventId}) => say({kind: 'event', event: type, data, id: lastEventId});
for (const type of new Set(['message', ...types])) source.addEventListener(type, onEvent);

atEndOfInput(() => {
  source.close();
  if (source.readyState === EventSource.CLOSED) say({kind: 'closed'});
  else say({kind: 'error', error: `readyState is ${source.readyState} after close()`});
});
