// A server that knows nothing of eventwire, in Express: express_server.mjs [--max-events N] [--retry-ms N]. ../README.md has its
// protocol. Its streams are what many write by hand: a loop of res.write.

import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import express from '../../../node/node_modules/express/index.js';
import { say } from './reports.mjs';

const { values } = parseArgs({
  options: {'max-events': {type: 'string', default: '100000'}, 'retry-ms': {type: 'string', default: '1000'}},
});
const frames = [];
const readers = new Set();
let last = 0;

const app = express();
app.get('/events', (req, res) => {
  const header = req.get('last-event-id');
  // A header is read as Latin-1 here; these ids are digits.
  const position = header === undefined ? last : Number(header);
  res.set({'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'Access-Control-Allow-Origin': '*'});
  res.write(`retry: ${values['retry-ms']}\n\n`);
  for (const {number, text} of frames) if (number > position) res.write(text);
  readers.add(res);
  res.on('close', () => readers.delete(res));
});
const server = app.listen(0, '127.0.0.1', () => {
  say({kind: 'listening', url: `http://127.0.0.1:${server.address().port}/events`});
});

function publish(event, data) {
  last += 1;
  const head = event === undefined ? '' : `event: ${event}\n`;
  const lines = data.split('\n').map((line) => `data: ${line}\n`);
  const text = `id: ${last}\n${head}${lines.join('')}\n`;
  frames.push({number: last, text});
  if (frames.length > Number(values['max-events'])) frames.shift();
  for (const res of readers) res.write(text);
  return String(last);
}

function obey({cmd, event, data}) {
  switch (cmd) {
    case 'publish':
      return {kind: 'published', id: publish(event, data)};
    case 'stats':
      return {kind: 'stats', subscribers: readers.size};
    default:
      return {kind: 'error', error: `${cmd} is not known here`};
  }
}

for await (const line of createInterface({input: process.stdin})) say(obey(JSON.parse(line)));
for (const res of readers) res.end();
server.close();
