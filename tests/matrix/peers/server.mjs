// The server of the matrix in Node: server.mjs [--max-events N] [--retry-ms N]. ../README.md has its protocol.

import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Hub } from 'eventwire';
import { say } from './reports.mjs';

const { values } = parseArgs({
  options: {'max-events': {type: 'string', default: '100000'}, 'retry-ms': {type: 'string', default: '1000'}},
});
const hub = new Hub({maxEvents: Number(values['max-events']), retry: Number(values['retry-ms'])});
const server = await hub.listen({host: '127.0.0.1', port: 0, cors: ['*']});
say({kind: 'listening', url: `${server.url}/events`});

async function obey({cmd, topic, event, data}) {
  switch (cmd) {
    case 'publish':
      return {kind: 'published', id: await hub.publish(topic, {data, event})};
    case 'stats':
      return {kind: 'stats', subscribers: hub.stats().subscribers};
    default:
      return {kind: 'error', error: `${cmd} is not known here`};
  }
}

for await (const line of createInterface({input: process.stdin})) {
  say(await obey(JSON.parse(line)).catch((error) => ({kind: 'error', error: String(error)})));
}
server.close();
