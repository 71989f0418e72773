// The classic example: a server whose stream tells the time, three times, and ends.
//
//     node classic_server.mjs
//     node classic_eventsource.mjs http://127.0.0.1:8080/stream
//     node classic_fetch.mjs http://127.0.0.1:8080/stream
//
// `GET /stream` sends `retry: 10000`, an event `connecttime` with the date, then the date every second, then an event `end`,
// and closes. `GET /stream?json` sends the dates as JSON: `{"date": "..."}`.
//
// The server is node:http, and eventwire only encodes. Every connection has a timer, and so a producer, of its own, which
// stops as soon as the client is gone.

import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { encode } from 'eventwire';

const DATES = 3;

const { values } = parseArgs({
  options: {
    listen: { type: 'string', default: '127.0.0.1:8080' },
    'tick-ms': { type: 'string', default: '1000' },
  },
});
const tick = Number(values['tick-ms']);

const server = createServer((request, response) => {
  const [path, query] = request.url.split('?');
  if (path !== '/stream') return response.writeHead(404).end('there is only /stream\n');
  if (request.method !== 'GET') return response.writeHead(405, { allow: 'GET' }).end();
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    ...anyOrigin(request.headers.origin),
  });
  produce(response, query === 'json');
});

// A page that asks `withCredentials` must be named: `*` does not do for it.
function anyOrigin(origin) {
  const named = origin === undefined ? {} : { 'access-control-allow-credentials': 'true' };
  return { ...named, 'access-control-allow-origin': origin ?? '*', vary: 'Origin' };
}

// What one connection is sent, bit by bit.
function produce(response, asJson) {
  const date = () => {
    const text = new Date().toUTCString();
    return asJson ? JSON.stringify({ date: text }) : text;
  };
  let sent = 0;
  const send = (block) => {
    response.write(encode(block));
    sent += 1;
  };

  console.log('producer starts');
  send({ retry: 10_000, event: 'connecttime', data: date() });
  const timer = setInterval(() => {
    send({ data: date() });
    if (sent <= DATES) return;
    clearInterval(timer);
    send({ event: 'end', data: 'bye' });
    response.end();
  }, tick);
  // Comes after the end, and also when the client leaves before it.
  response.on('close', () => {
    clearInterval(timer);
    console.log(`producer stops after ${sent} of ${DATES + 2} blocks`);
  });
}

const [, host, port] = /^(.*):(\d+)$/.exec(values.listen) ?? [];
server.listen(Number(port), host, () => {
  const { address, port: bound } = server.address();
  console.log(`listening on http://${address}:${bound}/stream`);
});
