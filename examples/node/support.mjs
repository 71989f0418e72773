// What the tests of the examples share: an example in a process of its own, its lines, and a server with given bytes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

// Longer than any test: a producer that waits for its timer is not seen to stop.
export const NEVER_MS = 3_600_000;

// Starts an example; killed when the test ends.
export function start(t, name, ...args) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(name, import.meta.url)), ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, errors }));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    ended,
    // The next line; null where there is none.
    line: async () => (await lines.next()).value ?? null,
    // All lines that are left, and how it ended.
    async rest() {
      const rest = [];
      for (let next; !(next = await lines.next()).done; ) rest.push(next.value);
      return { lines: rest, ...(await ended) };
    },
  };
}

// Starts the classic server, which says where it listens.
export async function startServer(t, tickMs) {
  const server = start(t, 'classic_server.mjs', '--listen', '127.0.0.1:0', '--tick-ms', tickMs);
  const url = (await server.line()).replace('listening on ', '');
  return { ...server, url };
}

// A server that answers with these bytes, each as a chunk of its own.
export async function serveByteByByte(t, body) {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const byte of body) response.write(Uint8Array.of(byte));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}/stream`;
}
