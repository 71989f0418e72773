// A hub with an HTTP server, in a few lines. It publishes a number every second.
//
//     node serve.mjs

import { setTimeout as sleep } from 'node:timers/promises';
import { Hub } from 'eventwire';

const hub = new Hub();
const server = await hub.listen({ port: Number(process.argv[2] ?? 8844) });
console.log(`subscribe to ${server.url}/events?topic=numbers`);

for (let number = 1; ; number++) {
  await hub.publish('numbers', { json: { number }, event: 'number' });
  await sleep(1000);
}
