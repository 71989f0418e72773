// The classic example: a client that reads the body of a `fetch` to its event `end`. The dates come as JSON.
//
//     node classic_fetch.mjs http://127.0.0.1:8080/stream
//
// A chunk of a body may end anywhere, also inside a line or a character: to split chunks at blank lines, as hand-written loops
// do, works until the network cuts elsewhere. `decode` takes them as they come.

import { decode } from 'eventwire';

const url = process.argv[2] ?? 'http://127.0.0.1:8080/stream';

async function read() {
  const response = await fetch(`${url}?json`, { headers: { accept: 'text/event-stream' } });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  for await (const { event, data } of decode(response.body)) {
    if (event === 'end') {
      console.log(`end: ${data}`);
      // Leaving the loop cancels the body: the server sees that we are gone.
      return;
    }
    console.log(`${event}: ${JSON.parse(data).date}`);
  }
  throw new Error('the stream was over before its event `end`');
}

try {
  await read();
} catch (error) {
  // fetch says `fetch failed`, and why in the cause.
  console.error(`error: ${error.message}${error.cause ? `: ${error.cause.message}` : ''}`);
  process.exitCode = 1;
}
