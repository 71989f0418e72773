// The package as it is loaded, and its command.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { promisify } from 'node:util';
import * as imported from 'eventwire';

const command = new URL('../bin/eventwire.js', import.meta.url).pathname;
const eventwire = (...args) => promisify(execFile)(process.execPath, [command, ...args]);

test('import and require give the same', () => {
  const required = createRequire(import.meta.url)('eventwire');
  assert.deepEqual(Object.keys(imported).sort(), Object.keys(required).sort());
  for (const [name, value] of Object.entries(required)) assert.equal(imported[name], value);
});

test('the command serves, publishes and tails', async (t) => {
  const server = spawn(process.execPath, [command, 'serve', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill('SIGKILL'));
  const [line] = await once(server.stdout.setEncoding('utf8'), 'data');
  const url = line.match(/http:\/\/\S+/)[0];
  const { stdout: id } = await eventwire('publish', url, '--topic', 'a', 'hello');
  assert.match(id, /^\w+-1\n$/);
  const tail = spawn(process.execPath, [command, 'tail', url, '--topic', 'a', '--start', 'earliest', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => tail.kill('SIGKILL'));
  const [json] = await once(tail.stdout.setEncoding('utf8'), 'data');
  assert.equal(JSON.parse(json).data, 'hello');
  tail.kill('SIGINT');
  assert.deepEqual(await once(tail, 'exit'), [130, null]);
});

test('the command explains itself, and wrong use', async () => {
  assert.match((await eventwire('--help')).stdout, /serve/);
  await assert.rejects(eventwire('sreve'), (error) => error.code === 2 && /sreve/.test(error.stderr));
});
