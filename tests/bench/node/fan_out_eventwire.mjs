// A hub of eventwire in a Node process: `node fan_out_eventwire.mjs PACKAGE`, the folder of the package.

import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { Hub } = await import(pathToFileURL(path.join(process.argv[2], 'index.mjs')));
// Before the others: one thread, as every server that is compared has.
const one = { limits: { maxConnections: 20_000 }, threads: 1 };

async function listen(options) {
  return await new Hub().listen({ port: 0, ...options });
}

let server;
try {
  server = await listen(one);
} catch (error) {
  // Where it takes no such option yet, its sockets are on the runtime of the process.
  if (!(error instanceof TypeError && error.message.includes('threads'))) throw error;
  server = await listen({ limits: one.limits });
}
console.log(`listening on ${server.url}`);
