// How a hub is served: the options of `listen`, what it says of itself, and that a blocked event loop changes nothing for others.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Hub, Publisher, StatusError, connect } from 'eventwire';
import { run, until } from './support.mjs';

const NOBODY = { gone: 0, vanished: 0, slow: 0, stalled: 0, failed: 0, expired: 0, drained: 0, closed: 0 };

async function first(stream) {
  for await (const event of stream) return event;
}

for (const [wrong, told] of [
  [{ threads: 257 }, /threads is 257: give 0 .* to 256/],
  [{ threads: 1.5 }, /threads of the options of listen must be a whole number/],
  [{ threads: '2' }, /threads .* is a string/],
  [{ limits: { maxConnections: 0 } }, /maxConnections .* at least 1/],
  [{ limits: { writeTimeout: 0 } }, /writeTimeout is 0: give milliseconds, more than zero/],
  [{ limits: { writeTimeout: Infinity } }, /writeTimeout is infinite: give milliseconds, more than zero/],
  [{ limits: { peerTimeout: 3000 } }, /peerTimeout is 3s: give 4 seconds to 24 hours/],
  [{ limits: { sendBuffer: 100 } }, /sendBuffer is 100: give 4096/],
  [{ limits: { sendBuffers: 100 } }, /no "sendBuffers".*sendBuffer/],
]) {
  test(`a TypeError names what is wrong: ${JSON.stringify(wrong)}`, async () => {
    await assert.rejects(new Hub().listen(wrong), (error) => error instanceof TypeError && told.test(error.message));
  });
}

for (const threads of [0, 1, 3]) {
  test(`${threads} threads write the streams`, async (t) => {
    const hub = new Hub();
    const server = await hub.listen({ threads });
    t.after(() => server.close());
    await hub.publish('a', 'x');
    const streams = Array.from({ length: 5 }, () => connect(`${server.url}/events?topic=a&start=earliest`));
    const reading = streams.map((stream) => stream[Symbol.asyncIterator]());
    for (const events of reading) assert.equal((await events.next()).value.data, 'x');
    await until(() => server.sharded === (threads ? 5 : 0));
    assert.deepEqual([server.connections, server.refused], [5, 0]);
    for (const stream of streams) stream.close();
    await until(() => server.connections === 0 && server.sharded === 0);
  });
}

test('one connection too many is refused and counted', async (t) => {
  const hub = new Hub();
  const server = await hub.listen({ limits: { maxConnections: 1 } });
  t.after(() => server.close());
  await hub.publish('a', 'x');
  const url = `${server.url}/events?topic=a&start=earliest`;
  for await (const event of connect(url)) {
    assert.equal(event.data, 'x');
    await assert.rejects(first(connect(url, { retry: null })), (error) => error instanceof StatusError && error.status === 503);
    break;
  }
  assert.equal(server.refused, 1);
});

// A connection that asks for a stream and takes nothing of it.
function stalled(t, server) {
  const { hostname, port } = new URL(server.url);
  const client = createConnection({ host: hostname, port: Number(port) }).pause();
  t.after(() => client.destroy());
  client.write('GET /events?topic=a HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return client;
}

test('who takes nothing lags, and is ended after writeTimeout', async (t) => {
  const hub = new Hub();
  t.after(() => hub.close());
  const patient = stalled(t, await hub.listen({ limits: { sendBuffer: 4096 } }));
  await until(() => hub.stats().subscribers === 1);
  // More than the system keeps for a reader that is slow.
  const publish = async () => {
    for (let n = 0; n < 400; n++) await hub.publish('a', 'x'.repeat(65536));
  };
  await publish();
  const { lag, deliveredBytes } = hub.stats();
  assert.ok(lag > 100 && lag <= 400, String(lag));
  assert.ok(deliveredBytes < 300 * 65536, String(deliveredBytes));
  patient.destroy();
  await until(() => hub.stats().ended.gone === 1);

  stalled(t, await hub.listen({ limits: { sendBuffer: 4096, writeTimeout: 200 } }));
  await until(() => hub.stats().subscribers === 1);
  await publish();
  await until(() => hub.stats().subscribers === 0);
  assert.deepEqual(hub.stats().ended, { ...NOBODY, gone: 1, stalled: 1 });
});

test('what is retained is counted', async () => {
  const hub = new Hub({ retained: { a: 1 } });
  for (const data of ['1', '2']) await hub.publish('a', data);
  const { retained, retainedBytes, events, bytes } = hub.stats();
  assert.deepEqual([retained, events], [1, 2]);
  assert.ok(retainedBytes > 0 && retainedBytes < bytes, `${retainedBytes} of ${bytes}`);
});

test('what was delivered is counted, and told to machines too', async (t) => {
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  await hub.publish('a', 'x');
  await first(connect(`${server.url}/events?topic=a&start=earliest`));
  await until(() => hub.stats().ended.gone === 1 && hub.stats().delivered === 1);
  const stats = hub.stats();
  assert.deepEqual([stats.deliveredBytes, stats.lag], [stats.bytes, 0]);
  assert.deepEqual(stats.ended, { ...NOBODY, gone: 1 });
  const response = await fetch(`${server.url}/metrics`);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  assert.ok(text.includes(`\neventwire_delivered_bytes_total ${stats.deliveredBytes}\n`), text);
  assert.ok(text.includes('\neventwire_ended_total{reason="gone"} 1\n'), text);
});

// A hub whose event loop stands still until somebody opens a pipe for writing.
const BLOCKS = `
  import { readFileSync, writeSync } from 'node:fs';
  import { Hub } from 'eventwire';
  const hub = new Hub({ heartbeat: 50 });
  const server = await hub.listen({ threads: Number(process.argv[1]) });
  let turned = false;
  setImmediate(() => (turned = true));
  writeSync(1, server.url + '\\n');
  const opened = readFileSync(process.argv[2], 'utf8');
  writeSync(1, JSON.stringify({ opened, turned, published: hub.stats().published }) + '\\n');
  process.exit();
`;

for (const threads of [0, 1]) {
  test(`a process whose event loop is blocked goes on serving, with ${threads} threads`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'eventwire-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const { child, ended, output, printed } = run(t, BLOCKS, String(threads), pipe);
    await printed('\n');
    const url = output().trim();

    // Events, there and back.
    const publisher = new Publisher(url);
    const events = connect(`${url}/events?topic=ball&start=earliest`)[Symbol.asyncIterator]();
    for (let n = 0; n < 200; n++) {
      const id = await publisher.publish('ball', String(n));
      assert.deepEqual((await events.next()).value, { event: 'message', data: String(n), id });
    }
    await events.return();
    publisher.close();

    // Heartbeats, on a stream of its own.
    let comments = 0;
    for await (const item of connect(`${url}/events?topic=quiet`, { comments: true }).items()) {
      if (item.kind === 'comment' && ++comments === 3) break;
    }

    // Both have gone, and were seen to go.
    const metrics = async () => (await fetch(`${url}/metrics`)).text();
    await until(async () => (await metrics()).includes('\neventwire_ended_total{reason="gone"} 2\n'));

    assert.equal(output(), `${url}\n`);
    assert.equal(child.exitCode, null);
    await writeFile(pipe, 'now');
    const { code, output: said, errors } = await ended;
    assert.deepEqual([code, errors], [0, '']);
    assert.deepEqual(JSON.parse(said.split('\n')[1]), { opened: 'now', turned: false, published: 200 });
  });
}
