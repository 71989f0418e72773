// What several tests need.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

// A server whose handler a test writes; closed, with its connections, when the test ends.
export async function serve(t, handler) {
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

// Answers with an event stream and leaves it open.
export function eventStream(response, ...blocks) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  for (const block of blocks) response.write(block);
}

// Waits for a condition that somebody else makes true; the test's own timeout bounds it.
export async function until(condition) {
  while (!(await condition())) await sleep(5);
}

// A program in a process of its own, with `eventwire` in reach; killed when the test ends.
export function run(t, source, ...args) {
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', source, ...args], {
    cwd: new URL('..', import.meta.url),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, output, errors }));
  return { child, ended, output: () => output, printed: (text) => until(() => output.includes(text) || child.exitCode !== null) };
}

// Fast enough for tests, and still all the rules.
export const QUICK = { base: 1, min: 1, max: 20, stableAfter: 0 };
