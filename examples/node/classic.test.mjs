// The classic example, run as a user runs it. No check depends on time: where a timer must not fire, it is set to an hour.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, connect as connectSocket } from 'node:net';
import { test } from 'node:test';
import { EventSource, connect } from 'eventwire';
import { NEVER_MS, serveByteByByte, start, startServer } from './support.mjs';

// The lines without their dates.
const kinds = (lines) => lines.map((line) => line.replace(/ \w{3}, .* GMT$/, ''));

test('the stream has a retry, the dates and an end, and any origin may read it', async (t) => {
  const { url } = await startServer(t, 1);
  const response = await fetch(url, { headers: { origin: 'https://a.example' } });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.equal(response.headers.get('access-control-allow-origin'), 'https://a.example');
  assert.equal(response.headers.get('access-control-allow-credentials'), 'true');
  assert.equal(response.headers.get('vary'), 'Origin');
  const date = '\\w{3}, \\d\\d \\w{3} \\d{4} [\\d:]{8} GMT';
  const dates = `(data: ${date}\n\n){3}`;
  assert.match(
    await response.text(),
    new RegExp(`^retry: 10000\nevent: connecttime\ndata: ${date}\n\n${dates}event: end\ndata: bye\n\n$`),
  );
  const direct = await fetch(url);
  assert.equal(direct.headers.get('access-control-allow-origin'), '*');
  await direct.body.cancel();
});

test('what is no stream is refused', async (t) => {
  const { url } = await startServer(t, NEVER_MS);
  assert.equal((await fetch(`${url}s`)).status, 404);
  assert.equal((await fetch(url, { method: 'POST' })).status, 405);
});

test('the client by EventSource goes through its states to the end', async (t) => {
  const server = await startServer(t, 1);
  const { lines, code, errors } = await start(t, 'classic_eventsource.mjs', server.url).rest();
  assert.deepEqual([code, errors], [0, '']);
  assert.deepEqual(kinds(lines), [
    `connecting: ${server.url}?json`,
    'open: open',
    'open: connecttime',
    'open: message',
    'open: message',
    'open: message',
    'closed: end bye',
  ]);
  assert.equal(await server.line(), 'producer starts');
  assert.equal(await server.line(), 'producer stops after 5 of 5 blocks');
});

test('the client by fetch reads to the end', async (t) => {
  const server = await startServer(t, 1);
  const { lines, code, errors } = await start(t, 'classic_fetch.mjs', server.url).rest();
  assert.deepEqual([code, errors], [0, '']);
  assert.deepEqual(kinds(lines), ['connecttime:', 'message:', 'message:', 'message:', 'end: bye']);
  assert.equal(await server.line(), 'producer starts');
  assert.equal(await server.line(), 'producer stops after 5 of 5 blocks');
});

// Each way for a client to leave, once it has the first event.
const ways = {
  'closes its socket': (t, url) => leaveBySocket(url, (socket) => socket.destroy()),
  'resets its socket': (t, url) => leaveBySocket(url, (socket) => socket.resetAndDestroy()),
  'is killed': async (t, url) => {
    const client = start(t, 'classic_fetch.mjs', url);
    assert.match(await client.line(), /^connecttime: /);
    client.child.kill('SIGKILL');
  },
  'leaves the loop over connect': async (t, url) => {
    for await (const { event } of connect(url)) {
      assert.equal(event, 'connecttime');
      break;
    }
  },
  'closes its EventSource': async (t, url) => {
    const source = new EventSource(url);
    await once(source, 'connecttime');
    source.close();
  },
};

async function leaveBySocket(url, leave) {
  const { hostname, port } = new URL(url);
  const socket = connectSocket(Number(port), hostname);
  socket.write('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n');
  let text = '';
  for await (const chunk of socket) if ((text += chunk).includes('GMT\n\n')) break;
  leave(socket);
}

for (const [way, leave] of Object.entries(ways)) {
  test(`the producer stops when the client ${way}, and another client's does not`, async (t) => {
    const server = await startServer(t, NEVER_MS);
    const other = await fetch(server.url);
    assert.equal(await server.line(), 'producer starts');
    await leave(t, server.url);
    assert.equal(await server.line(), 'producer starts');
    assert.equal(await server.line(), 'producer stops after 1 of 5 blocks');
    await other.body.cancel();
    assert.equal(await server.line(), 'producer stops after 1 of 5 blocks');
  });
}

test('chunks may end inside a line or a character', async (t) => {
  const stream = 'event: connecttime\r\ndata: {"date":\r\ndata:  "20 août, 12時 🕛"}\r\n\r\nevent: end\ndata: ❤\n\n';
  const url = await serveByteByByte(t, Buffer.from(stream));
  const byFetch = await start(t, 'classic_fetch.mjs', url).rest();
  assert.deepEqual(byFetch, { lines: ['connecttime: 20 août, 12時 🕛', 'end: ❤'], code: 0, signal: null, errors: '' });
  const byEventSource = await start(t, 'classic_eventsource.mjs', url).rest();
  assert.deepEqual(byEventSource.lines.slice(2), ['open: connecttime 20 août, 12時 🕛', 'closed: end ❤']);
  assert.deepEqual([byEventSource.code, byEventSource.errors], [0, '']);
});

test('a stream that ends early is told', async (t) => {
  const url = await serveByteByByte(t, Buffer.from('data: {"date": "x"}\n\nevent: end\ndata: cut off'));
  const { lines, code, errors } = await start(t, 'classic_fetch.mjs', url).rest();
  assert.deepEqual([lines, code], [['message: x'], 1]);
  assert.equal(errors, 'error: the stream was over before its event `end`\n');
});

test('the clients say what is wrong', async (t) => {
  const { url } = await startServer(t, NEVER_MS);
  const byEventSource = await start(t, 'classic_eventsource.mjs', `${url}s`).rest();
  assert.equal(byEventSource.code, 1);
  assert.match(byEventSource.lines.at(-1), /^closed: error .*404/);
  const byFetch = await start(t, 'classic_fetch.mjs', `${url}s`).rest();
  assert.deepEqual([byFetch.code, byFetch.errors], [1, `error: ${url}s answered 404\n`]);

  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const refused = `http://127.0.0.1:${gone.address().port}/stream`;
  gone.close();
  await once(gone, 'close');
  const failed = await start(t, 'classic_fetch.mjs', refused).rest();
  assert.equal(failed.code, 1);
  assert.match(failed.errors, /^error: fetch failed: .*ECONNREFUSED.*\n$/);
});
