// A hub in memory where several processes run the application.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const library = JSON.stringify(fileURLToPath(new URL('../lib/index.js', import.meta.url)));

// Makes two hubs, then one in a thread, and prints every warning of this process as a line of JSON.
const MAKE = `
  const { Hub } = require(${library});
  const { Worker } = require('node:worker_threads');
  const told = ({ name, code, message }) => console.log(JSON.stringify({ name, code, message }));
  process.on('warning', told);
  const hubs = [new Hub(), new Hub()];
  const thread = new Worker(
    'const { parentPort } = require("node:worker_threads");' +
      'process.on("warning", ({ name, code, message }) => parentPort.postMessage({ name, code, message }));' +
      'new (require(' + ${JSON.stringify(library)} + ').Hub)();',
    { eval: true },
  );
  thread.on('message', told);
  const made = new Promise((resolve, reject) => thread.on('exit', resolve).on('error', reject));
`;

async function warnings(t, source, env = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'eventwire-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'application.cjs');
  await writeFile(file, source);
  const { NODE_APP_INSTANCE, WEB_CONCURRENCY, instances, ...inherited } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env: { ...inherited, ...env } });
  return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

function assertOne(warning, evidence) {
  assert.equal(warning.name, 'EventwireWarning');
  assert.equal(warning.code, 'EVENTWIRE_SEVERAL_PROCESSES');
  assert.ok(warning.message.startsWith(`${evidence}, and each process`), warning.message);
  assert.match(warning.message, /eventwire serve.*Publisher/);
}

test('each worker of a cluster says once what to do, and its primary nothing', async (t) => {
  const source = `
    const cluster = require('node:cluster');
    ${MAKE}
    if (cluster.isPrimary) for (let n = 0; n < 2; n++) cluster.fork();
    else made.then(() => process.disconnect());
  `;
  const told = await warnings(t, source);
  assert.equal(told.length, 2);
  for (const warning of told) assertOne(warning, 'this is a worker of a cluster');
});

for (const [env, evidence] of [
  [{}, null],
  [{ WEB_CONCURRENCY: '1' }, null],
  [{ WEB_CONCURRENCY: 'two' }, null],
  [{ WEB_CONCURRENCY: '2' }, 'WEB_CONCURRENCY is 2'],
  [{ NODE_APP_INSTANCE: '0', instances: '1' }, null],
  [{ NODE_APP_INSTANCE: '0', instances: '1', WEB_CONCURRENCY: '2' }, null],
  [{ NODE_APP_INSTANCE: '0', instances: '2' }, "this is instance 0 of PM2's"],
  [{ NODE_APP_INSTANCE: '3' }, "this is instance 3 of PM2's"],
]) {
  test(`what the environment shows: ${JSON.stringify(env)}`, async (t) => {
    const told = await warnings(t, MAKE, env);
    assert.equal(told.length, evidence ? 1 : 0);
    for (const warning of told) assertOne(warning, evidence);
  });
}
