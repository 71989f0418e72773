// The classic example: a client by `EventSource`, as in a browser. The dates come as JSON.
//
//     node classic_eventsource.mjs http://127.0.0.1:8080/stream

import { EventSource } from 'eventwire';

const url = process.argv[2] ?? 'http://127.0.0.1:8080/stream';
const states = ['connecting', 'open', 'closed'];

const source = new EventSource(`${url}?json`, { withCredentials: true });
const say = (text) => console.log(`${states[source.readyState]}: ${text}`);
const show = (event) => say(`${event.type} ${JSON.parse(event.data).date}`);

say(source.url);
source.onopen = () => say('open');
source.onmessage = show;
source.addEventListener('connecttime', show);
source.addEventListener('end', ({ data }) => {
  // Without this it would connect again, as an EventSource does whenever a stream ends.
  source.close();
  say(`end ${data}`);
});
source.onerror = (event) => {
  say(`error ${event.message}`);
  // Connecting again, by itself; else it has failed for good, and there is nothing more to wait for.
  if (source.readyState === EventSource.CLOSED) process.exitCode = 1;
};
