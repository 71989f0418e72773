// 100 MB through a connection that is cut ten times: the same bytes, and neither side holds more than a little of them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import net from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { run } from './support.mjs';

const MIB = 1 << 20;
const SIZE = 100 * MIB;
const CUTS = 10;
// What a side may hold beyond what Node takes: far less than the payload. Most of it is garbage that V8 has not looked for yet.
const ALLOWANCE = 60 * MIB;

const MEMORY = `
import { readFileSync } from 'node:fs';
const held = (name) => Number(readFileSync('/proc/self/status', 'utf8').match(new RegExp(name + ':\\\\s+(\\\\d+)'))[1]) * 1024;
`;

// An endpoint of one's own: reads the next slice when the socket has taken the one before.
const SENDER = `${MEMORY}
import { createServer } from 'node:http';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { encode, slices } from 'eventwire';

const encoded = async function* (events) {
  for await (const event of events) yield encode(event);
};
const server = createServer(async (request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const lastEventId = request.headers['last-event-id'] ?? '';
  // A connection that was cut ends its pipeline with an error, and only that.
  await pipeline(slices(process.argv[1], { lastEventId }), encoded, response).catch(() => {});
});
const before = held('VmRSS');
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
await once(process.stdin, 'end');
console.log(before, held('VmHWM'));
process.exit();
`;

const RECEIVER = `${MEMORY}
import { connect, receiveFile } from 'eventwire';

const [url, target] = process.argv.slice(1);
const stream = connect(url, { retry: { base: 1, min: 1, max: 10, stableAfter: 0 } });
let lost = 0;
async function* events() {
  for await (const item of stream.items()) {
    if (item.kind === 'reconnecting') lost++;
    else if (item.kind === 'event') yield item;
  }
}
const before = held('VmRSS');
await receiveFile(events(), target);
console.log(before, held('VmHWM'), lost);
`;

// A proxy that resets its connections: each, but the last, after so many bytes of the answer.
async function cutter(t, port, budget) {
  const state = { cuts: 0 };
  const proxy = net.createServer((client) => {
    const server = net.connect(port, '127.0.0.1');
    const cut = state.cuts < CUTS;
    let left = budget;
    client.pipe(server);
    server.on('data', (chunk) => {
      const flowing = client.write(cut ? chunk.subarray(0, left) : chunk);
      left -= chunk.length;
      if (cut && left <= 0) {
        if (!client.destroyed) state.cuts++;
        // An end without a farewell, wherever in an event that is.
        client.resetAndDestroy();
        server.destroy();
      } else if (!flowing) {
        server.pause();
        client.once('drain', () => server.resume());
      }
    });
    server.on('end', () => client.end());
    for (const [one, other] of [
      [client, server],
      [server, client],
    ]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => proxy.close());
  return { state, port: proxy.address().port };
}

async function digest(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

test('a large file through a connection that is cut', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'eventwire-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [large, received] = [join(folder, 'large'), join(folder, 'received')];
  const file = await open(large, 'w');
  // Of no power of two, so that slices differ.
  const block = Buffer.alloc(MIB, Buffer.from(Array.from({ length: 251 }, (_, at) => at)));
  for (let number = 0; number < SIZE / MIB; number++) {
    block.writeUInt32BE(number);
    await file.write(block);
  }
  await file.close();

  const sender = run(t, SENDER, large);
  await sender.printed('\n');
  const { port, state } = await cutter(t, Number(sender.output()), 12_000_000);
  const receiver = await run(t, RECEIVER, `http://127.0.0.1:${port}/`, received).ended;
  assert.deepEqual([receiver.code, receiver.errors], [0, '']);
  sender.child.stdin.end();
  const sent = await sender.ended;
  assert.equal(sent.errors, '');

  const [, , lost] = receiver.output.split(/\s+/).map(Number);
  assert.equal(state.cuts, CUTS);
  assert.ok(lost >= CUTS);
  assert.equal(await digest(received), await digest(large));
  for (const [side, output] of [
    ['sender', sent.output.trim().split('\n').at(-1)],
    ['receiver', receiver.output],
  ]) {
    const [before, most] = output.split(/\s+/).map(Number);
    assert.ok(most - before < ALLOWANCE, `the ${side} held ${Math.round((most - before) / MIB)} MiB`);
  }
});
