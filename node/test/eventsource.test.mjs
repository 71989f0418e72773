// The WHATWG class, over real sockets.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { EventSource } from 'eventwire';
import { Mailbox } from '../lib/mailbox.js';
import { eventStream, serve, until } from './support.mjs';

test('the interface', () => {
  for (const target of [EventSource, EventSource.prototype]) {
    assert.deepEqual([target.CONNECTING, target.OPEN, target.CLOSED], [0, 1, 2]);
    assert.throws(() => {
      'use strict';
      target.OPEN = 5;
    }, TypeError);
  }
  assert.throws(() => new EventSource(), TypeError);
  assert.throws(
    () => new EventSource('no url'),
    (error) => error instanceof DOMException && error.name === 'SyntaxError',
  );
  const source = new EventSource('http://127.0.0.1:1/x', { withCredentials: true });
  assert.deepEqual([source.url, source.withCredentials, source.readyState], ['http://127.0.0.1:1/x', true, 0]);
  assert.equal(String(source), '[object EventSource]');
  assert.equal(source.onmessage, null);
  source.close();
  assert.equal(source.readyState, 2);
});

test('open, message, named events, close', async (t) => {
  const { url } = await serve(t, (_, response) =>
    eventStream(response, 'data: a\n\n', 'event: tick\nid: 7\ndata: b\n\n', 'data: c\n\n'),
  );
  const seen = [];
  const source = new EventSource(url);
  source.onopen = () => seen.push(['open', source.readyState]);
  source.onmessage = function onmessage(event) {
    assert.equal(this, source);
    assert.ok(event instanceof MessageEvent);
    seen.push([event.type, event.data, event.lastEventId, event.origin]);
    if (event.data === 'c') source.close();
  };
  source.addEventListener('tick', ({ type, data, lastEventId, origin }) => seen.push([type, data, lastEventId, origin]));
  await until(() => source.readyState === 2);
  assert.deepEqual(seen, [
    ['open', 1],
    ['message', 'a', '', url],
    ['tick', 'b', '7', url],
    ['message', 'c', '7', url],
  ]);
});

test('nothing of the same chunk comes after close', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response, 'data: 1\n\ndata: 2\n\n'));
  const source = new EventSource(url);
  const got = [];
  source.onerror = () => got.push('error');
  source.onmessage = ({ data }) => {
    got.push(data);
    source.close();
  };
  await until(() => got.length > 0);
  await new Promise(setImmediate);
  assert.deepEqual(got, ['1']);
});

test('nothing comes when it is closed just before its reader gets what has come', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response, 'data: 1\n\n'));
  const { next } = Mailbox.prototype;
  t.mock.method(Mailbox.prototype, 'next', async function closing() {
    const items = await next.call(this);
    source.close();
    return items;
  });
  const source = new EventSource(url);
  for (const name of ['onopen', 'onmessage', 'onerror']) source[name] = ({ type }) => assert.fail(`${type} after close`);
  await until(() => source.readyState === 2);
  await new Promise(setImmediate);
  assert.equal(source.readyState, 2);
});

test('a URL that cannot be fetched fails it, after it was made', async () => {
  for (const url of ['ftp://127.0.0.1/', 'data:text/event-stream,data:%20x', 'about:blank']) {
    const source = new EventSource(url);
    assert.deepEqual([source.readyState, source.url, source.lastEventId, source.reconnectionTime], [0, url, '', 1000]);
    const [event] = await once(source, 'error');
    assert.equal(source.readyState, 2);
    assert.match(event.message, /neither http nor https/);
    const closed = new EventSource(url);
    closed.onerror = () => assert.fail('an event after close');
    closed.close();
  }
  await new Promise(setImmediate);
});

test('a broken connection: an error event, and it goes on after the last event', async (t) => {
  const asked = [];
  const { url } = await serve(t, (request, response) => {
    asked.push(request.headers['last-event-id']);
    eventStream(response, 'retry: 1\n', `id: ${asked.length}\ndata: x\n\n`);
    if (asked.length === 1) setImmediate(() => request.socket.resetAndDestroy());
  });
  const source = new EventSource(url);
  t.after(() => source.close());
  const states = [];
  source.onerror = () => states.push(source.readyState);
  await once(source, 'message');
  const [second] = await once(source, 'message');
  assert.equal(second.lastEventId, '2');
  assert.deepEqual(asked, [undefined, '1']);
  assert.deepEqual(states, [0]);
});

test('a wrong status or type fails it for good, and says so', async (t) => {
  let requests = 0;
  const { url } = await serve(t, (request, response) => {
    requests++;
    const status = Number(request.url.slice(1));
    response.writeHead(status, { 'content-type': 'text/plain' }).end('no');
  });
  for (const status of [200, 204, 404, 503]) {
    const source = new EventSource(`${url}/${status}`);
    const [event] = await once(source, 'error');
    assert.equal(source.readyState, 2, `${status}`);
    if (status >= 400) {
      assert.equal(event.status, status);
      assert.match(event.message, new RegExp(String(status)));
    }
  }
  assert.equal(requests, 4);
});

test('a handler that throws is reported and disturbs nothing', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response, 'data: 1\n\ndata: 2\n\n'));
  const reported = [];
  const report = (error) => reported.push(error.message);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', report);
  t.after(() => {
    process.off('uncaughtException', report);
    for (const other of others) process.on('uncaughtException', other);
  });
  const source = new EventSource(url);
  t.after(() => source.close());
  const got = [];
  source.onmessage = ({ data }) => {
    got.push(data);
    throw new Error(`handler ${data}`);
  };
  await until(() => reported.length === 2);
  assert.deepEqual(got, ['1', '2']);
  assert.deepEqual(reported, ['handler 1', 'handler 2']);
  assert.equal(source.readyState, 1);
});

test('a handler attribute keeps its place when it is replaced, and null removes it', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response, 'data: x\n\n'));
  const source = new EventSource(url);
  t.after(() => source.close());
  const order = [];
  source.onmessage = () => order.push('never');
  source.addEventListener('message', () => order.push('listener'));
  source.onmessage = () => order.push('handler');
  source.onopen = () => order.push('never');
  source.onopen = null;
  await until(() => order.length === 2);
  assert.deepEqual(order, ['handler', 'listener']);
});

test('method, headers and body', async (t) => {
  let seen;
  const { url } = await serve(t, async (request, response) => {
    seen = [request.method, request.headers.authorization, Buffer.concat(await request.toArray()).toString()];
    eventStream(response);
  });
  const source = new EventSource(url, { method: 'POST', headers: { authorization: 'Bearer x' }, body: 'hello' });
  t.after(() => source.close());
  await once(source, 'open');
  assert.deepEqual(seen, ['POST', 'Bearer x', 'hello']);
});

test('a body is sent again only where that is allowed', async (t) => {
  const bodies = [];
  const { url } = await serve(t, async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString());
    // The wait by the standard is half a second at the least.
    eventStream(response, 'retry: 0\ndata: x\n\n');
    response.end();
  });
  const single = new EventSource(url, { method: 'POST', body: 'once' });
  await until(() => single.readyState === EventSource.CLOSED);
  const again = new EventSource(url, { method: 'POST', body: 'again', resendBody: true });
  await until(() => bodies.length === 3);
  again.close();
  assert.deepEqual(bodies, ['once', 'again', 'again']);
  assert.throws(() => new EventSource(url, { resendBody: 1 }), /resendBody .* must be a boolean/);
});
