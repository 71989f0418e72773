// Subscribing by connect, over real sockets.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createNetServer } from 'node:net';
import { test } from 'node:test';
import { ConnectError, ContentTypeError, DecodeError, Hub, StatusError, connect } from 'eventwire';
import { QUICK, eventStream, serve, until } from './support.mjs';

const take = async (stream, count) => {
  const events = [];
  for await (const event of stream) if (events.push(event) === count) break;
  return events;
};

test('live, and from the start', async (t) => {
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  const first = await hub.publish('a', 'one');
  const second = await hub.publish(['a', 'b'], { json: { n: 2 }, event: 'tick' });
  const stream = connect(`${server.url}/events`, { params: { topic: 'a', start: 'earliest' } });
  assert.deepEqual(await take(stream, 2), [
    { event: 'message', data: 'one', id: first },
    { event: 'tick', data: '{"n":2}', id: second },
  ]);
  assert.equal(stream.state, 'closed');
  assert.equal(stream.response.status, 200);
  assert.equal(stream.response.headers.get('content-type'), 'text/event-stream');
});

test('a broken connection is made again after the last event', async (t) => {
  const asked = [];
  const { url } = await serve(t, (request, response) => {
    asked.push(request.headers['last-event-id']);
    eventStream(response, `id: ${asked.length}\ndata: x\n\n`, 'id: 99\ndata: never whole');
    if (asked.length < 3) setImmediate(() => request.socket.resetAndDestroy());
  });
  const stream = connect(url, { retry: QUICK });
  assert.deepEqual((await take(stream, 3)).map(({ id }) => id), ['1', '2', '3']);
  assert.deepEqual(asked, [undefined, '1', '2']);
});

test('restart connects again at once, after the last event', async (t) => {
  const asked = [];
  const gone = [];
  const { url } = await serve(t, (request, response) => {
    asked.push(request.headers['last-event-id']);
    gone.push(once(request.socket, 'close'));
    eventStream(response, `id: ${asked.length}\ndata: x\n\n`);
  });
  // So patient that only a restart can connect again.
  const stream = connect(url, { retry: { min: 3_600_000, max: 3_600_000 } });
  stream.restart();
  const told = [];
  for await (const item of stream.items()) {
    told.push(item.id ?? item.kind);
    if (told.length === 6) break;
    // While it waits for what comes next.
    if (item.kind === 'event') setImmediate(() => stream.restart());
  }
  assert.deepEqual(told, ['opened', '1', 'opened', '2', 'opened', '3']);
  assert.deepEqual(asked, [undefined, '1', '2']);
  await Promise.all(gone);
  stream.restart();
  assert.equal(stream.state, 'closed');
});

test('items say what happens to the connection', async (t) => {
  let connections = 0;
  const { url } = await serve(t, (_, response) => {
    if (++connections === 2) return response.writeHead(204).end();
    eventStream(response, ': hello\n\n', 'data: x\n\n');
    response.end();
  });
  const kinds = [];
  for await (const item of connect(url, { retry: QUICK }).items()) kinds.push(item.kind);
  assert.deepEqual(kinds, ['opened', 'comment', 'event', 'reconnecting', 'closed']);
  connections = 0;
  kinds.length = 0;
  for await (const item of connect(url, { retry: QUICK, comments: false }).items()) kinds.push(item.kind);
  assert.deepEqual(kinds, ['opened', 'event', 'reconnecting', 'closed']);
});

test('the request is what the options say', async (t) => {
  let seen;
  const { url } = await serve(t, async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    seen = { method: request.method, url: request.url, headers: request.headers, body };
    eventStream(response, 'data: x\n\n');
  });
  const options = { method: 'POST', json: { a: 1 }, headers: { 'X-Key': 'k' }, params: { q: 'ä b' }, lastEventId: '…' };
  await take(connect(`${url}/p?x=1`, options), 1);
  assert.equal(seen.method, 'POST');
  assert.equal(seen.url, '/p?x=1&q=%C3%A4+b');
  assert.equal(seen.body, '{"a":1}');
  assert.equal(seen.headers['content-type'], 'application/json');
  assert.equal(seen.headers.accept, 'text/event-stream');
  assert.equal(seen.headers['x-key'], 'k');
  assert.equal(Buffer.from(seen.headers['last-event-id'], 'latin1').toString(), '…');
});

test('headers that are no ASCII come as the bytes that they are, also with an error', async (t) => {
  const { url } = await serve(t, (request, response) => {
    const headers = { 'content-type': 'text/event-stream', 'x-note': Buffer.from('ä…').toString('latin1') };
    response.writeHead(request.url === '/' ? 200 : 404, headers).end('data: x\n\n');
  });
  const text = (headers) => Buffer.from(headers.get('x-note'), 'latin1').toString();
  const stream = connect(url);
  assert.equal((await take(stream, 1))[0].data, 'x');
  assert.equal(text(stream.response.headers), 'ä…');
  const error = await take(connect(`${url}/missing`), 1).catch((error) => error);
  assert.equal(text(error.headers), 'ä…');
});

test('a list of values is repeated in the query', async (t) => {
  const asked = [];
  const { url } = await serve(t, (request, response) => {
    asked.push(request.url);
    eventStream(response, 'data: x\n\n');
  });
  for (const params of [{ topic: ['a', 'b'], limit: 5 }, new URLSearchParams('topic=a'), 'topic=a', [['topic', 'a']]]) {
    await take(connect(url, { params }), 1);
  }
  assert.deepEqual(asked, ['/?topic=a&topic=b&limit=5', '/?topic=a', '/?topic=a', '/?topic=a']);
});

test('errors say what happened', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/html') return response.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
    if (request.url === '/endless') return eventStream(response, 'x'.repeat(5000));
    return response.writeHead(404).end('no such stream');
  });
  const failure = (path, options) => take(connect(url + path, options), 1).catch((error) => error);
  const missing = await failure('/missing');
  assert.ok(missing instanceof StatusError);
  assert.deepEqual([missing.kind, missing.status, missing.body], ['StatusError', 404, 'no such stream']);
  assert.match(missing.message, /404/);
  assert.ok((await failure('/html')) instanceof ContentTypeError);
  assert.ok((await failure('/endless', { maxLine: 1000 })) instanceof DecodeError);
});

test('a refused port, a server that is killed, and bytes that are no HTTP', async (t) => {
  const closed = createNetServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address();
  closed.close();
  await once(closed, 'close');
  const failure = (url, options) => take(connect(url, options), 1).catch((error) => error);
  const refused = await failure(`http://127.0.0.1:${port}/`, { retry: { ...QUICK, attempts: 2 } });
  assert.ok(refused instanceof ConnectError, String(refused));
  assert.match(refused.message, /refused/i);

  const killed = await serve(t, (request, response) => {
    eventStream(response, 'data');
    setImmediate(() => request.socket.resetAndDestroy());
  });
  assert.ok((await failure(killed.url, { retry: null })) instanceof ConnectError);

  const garbage = createNetServer((socket) => socket.on('error', () => {}).end('garbage\r\n\r\n')).listen(0, '127.0.0.1');
  await once(garbage, 'listening');
  t.after(() => garbage.close());
  assert.ok((await failure(`http://127.0.0.1:${garbage.address().port}/`, { retry: null })) instanceof ConnectError);
});

test('close ends a reader that waits, and nothing comes after it', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response, 'data: 1\n\ndata: 2\n\ndata: 3\n\n'));
  const stream = connect(url);
  const got = [];
  for await (const event of stream) {
    got.push(event.data);
    stream.close();
  }
  assert.deepEqual(got, ['1']);

  const waiting = connect(url);
  const events = waiting[Symbol.asyncIterator]();
  for (let n = 0; n < 3; n++) await events.next();
  const next = events.next();
  waiting.close();
  assert.deepEqual(await next, { value: undefined, done: true });
});

test('a signal closes the stream, and the server sees it', async (t) => {
  let gone = false;
  const { url } = await serve(t, (_, response) => {
    eventStream(response, 'data: x\n\n');
    response.on('close', () => (gone = true));
  });
  const controller = new AbortController();
  const got = [];
  for await (const event of connect(url, { signal: controller.signal })) {
    got.push(event.data);
    controller.abort();
  }
  assert.deepEqual(got, ['x']);
  await until(() => gone);
  assert.deepEqual(await take(connect(url, { signal: AbortSignal.abort() }), 1), []);
});

test('one reader at a time', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response));
  const stream = connect(url);
  const first = stream[Symbol.asyncIterator]().next();
  await assert.rejects(stream[Symbol.asyncIterator]().next(), /read already/);
  stream.close();
  await first;
});

test('wrong options are TypeErrors that name them', () => {
  assert.throws(() => connect('http://127.0.0.1/', { headerz: {} }), /no "headerz"/);
  assert.throws(() => connect('http://127.0.0.1/', { retry: { base: '1' } }), /base of retry/);
  assert.throws(() => connect('http://127.0.0.1/', { retry: { attempts: 1.5 } }), /whole number of at least 0, and is 1.5/);
  assert.throws(() => connect('http://127.0.0.1/', { body: 'x', json: 1 }), /body or json/);
  assert.throws(() => connect('http://127.0.0.1/', { json: () => 1 }), /json .* is a function/);
  assert.throws(() => connect('http://127.0.0.1/', { signal: {} }), /an AbortSignal, and is an object/);
  assert.throws(() => connect('not a url'), TypeError);
  assert.throws(() => connect('ftp://example.org/'), TypeError);
});

test('batches come as they arrive, and a reset is an event too', async (t) => {
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  await hub.publish('a', '1');
  const stream = connect(`${server.url}/events?topic=a`, { lastEventId: 'nonsense' });
  const events = [];
  for await (const batch of stream.batches()) {
    events.push(...batch);
    if (events.length === 2) break;
  }
  assert.deepEqual(events.map(({ event }) => event), ['eventwire.reset', 'message']);
  assert.equal(JSON.parse(events[0].data).reason, 'malformed');
});

test('lastEventId is of what was handed out, not of what has arrived', async (t) => {
  const { url } = await serve(t, (_, response) =>
    eventStream(response, 'id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n'),
  );
  const stream = connect(url, { lastEventId: '0' });
  assert.equal(stream.lastEventId, '0');
  const seen = [];
  for await (const event of stream) {
    seen.push([event.id, stream.lastEventId]);
    if (seen.length === 2) break;
  }
  assert.deepEqual(seen, [['1', '1'], ['2', '2']]);
  assert.equal(stream.lastEventId, '2');
});
