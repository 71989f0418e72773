// What the web platform's own tests ask of an EventSource, as far as it is not about pages, beside `eventsource.test.mjs`.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { EventSource } from 'eventwire';
import { Script, ScriptedServer } from 'eventwire/testing';
import { eventStream, serve, until } from './support.mjs';

const URL_OF_TESTS = 'http://test/events';
const open = (script, init) => new (new ScriptedServer(script).EventSource)(URL_OF_TESTS, init);

test('the class is shaped as Web IDL says', () => {
  assert.equal(EventSource.length, 1);
  assert.equal(EventSource.name, 'EventSource');
  assert.equal(Object.getPrototypeOf(EventSource), EventTarget);
  assert.throws(() => EventSource('http://127.0.0.1:1/'), TypeError);
  const { prototype } = EventSource;
  for (const name of ['url', 'withCredentials', 'readyState']) {
    const { get, set, enumerable } = Object.getOwnPropertyDescriptor(prototype, name);
    assert.deepEqual([typeof get, set, enumerable], ['function', undefined, true], name);
    assert.throws(() => prototype[name], TypeError, name);
  }
  for (const name of ['onopen', 'onmessage', 'onerror']) {
    const { get, set, enumerable } = Object.getOwnPropertyDescriptor(prototype, name);
    assert.deepEqual([typeof get, typeof set, enumerable], ['function', 'function', true], name);
  }
  assert.deepEqual([prototype.close.length, Object.getOwnPropertyDescriptor(prototype, 'close').enumerable], [0, true]);
  const tag = { value: 'EventSource', writable: false, enumerable: false, configurable: true };
  assert.deepEqual(Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag), tag);
  for (const target of [EventSource, prototype]) {
    for (const [value, name] of ['CONNECTING', 'OPEN', 'CLOSED'].entries()) {
      const constant = { value, writable: false, enumerable: true, configurable: false };
      assert.deepEqual(Object.getOwnPropertyDescriptor(target, name), constant);
    }
  }
});

test('the prototype can be added to, and the attributes cannot be written', () => {
  EventSource.prototype.answer = () => 42;
  const source = new EventSource('http://127.0.0.1:1/');
  assert.equal(source.answer(), 42);
  delete EventSource.prototype.answer;
  for (const name of ['url', 'withCredentials', 'readyState', 'lastEventId', 'CLOSED']) {
    assert.throws(() => {
      source[name] = 1;
    }, TypeError);
  }
  assert.equal(source.close(), undefined);
  source.close();
  assert.equal(source.readyState, EventSource.CLOSED);
});

test('the URL is stringified and normalized, and without one that is whole there is a SyntaxError', () => {
  for (const [given, url] of [
    [{ toString: () => 'http://127.0.0.1:1/object' }, 'http://127.0.0.1:1/object'],
    [['http://127.0.0.1:1/array'], 'http://127.0.0.1:1/array'],
    [new URL('http://127.0.0.1:1/url'), 'http://127.0.0.1:1/url'],
    ['HTTP://127.0.0.1:1', 'http://127.0.0.1:1/'],
    ['http://127.0.0.1:1/a b?c#d', 'http://127.0.0.1:1/a%20b?c#d'],
  ]) {
    const source = new EventSource(given);
    assert.equal(source.url, url);
    source.close();
  }
  for (const bogus of ['http://this is invalid/', '', undefined, null, 'events', 'http://[::1']) {
    assert.throws(() => new EventSource(bogus), { name: 'SyntaxError', code: DOMException.SYNTAX_ERR });
  }
});

test('withCredentials is false unless it is true in any way', () => {
  for (const [init, expected] of [
    [undefined, false],
    [null, false],
    [{}, false],
    [{ withCredentials: undefined }, false],
    [{ withCredentials: null }, false],
    [{ withCredentials: 0 }, false],
    [{ withCredentials: true }, true],
    [{ withCredentials: 'no' }, true],
  ]) {
    const source = new EventSource('http://127.0.0.1:1/', init);
    assert.equal(source.withCredentials, expected, JSON.stringify(init));
    source.close();
  }
});

test('events have the fields and flags of the standard', async () => {
  const source = open(new Script().event('x', { event: 'message', id: '7' }).respond(404));
  const events = [];
  for (const type of ['open', 'message', 'error']) source.addEventListener(type, (event) => events.push(event));
  await until(() => source.readyState === 2);
  assert.deepEqual(events.map(({ type }) => type), ['open', 'message', 'error', 'error']);
  for (const event of events) {
    assert.deepEqual([event.bubbles, event.cancelable, event.composed, event.defaultPrevented], [false, false, false, false]);
    assert.equal(event.isTrusted, true);
    assert.equal(event.target, source);
    assert.equal('data' in event, event.type === 'message', event.type);
    assert.equal(event instanceof MessageEvent, event.type === 'message');
  }
  const { data, origin, lastEventId, source: sender, ports } = events[1];
  assert.deepEqual([data, origin, lastEventId, sender, [...ports]], ['x', 'http://test', '7', null, []]);
});

test('lastEventId is that of the event within its handlers, and stays', async () => {
  const source = open(new Script().event('a', { id: '1' }).event('b', { id: '2' }).event('c').respond(404));
  const seen = [];
  source.onmessage = (event) => seen.push([event.data, event.lastEventId, source.lastEventId]);
  await until(() => source.readyState === 2);
  assert.deepEqual(seen, [
    ['a', '1', '1'],
    ['b', '2', '2'],
    ['c', '2', '2'],
  ]);
  assert.equal(source.lastEventId, '2');
});

test('a reconnect is an error while connecting, and then open again', async () => {
  const source = open(new Script().event('1').event('2').end().event('3').respond(404));
  const seen = [];
  source.onopen = ({ type }) => seen.push([type, source.readyState]);
  source.onmessage = ({ data }) => seen.push([data, source.readyState]);
  source.onerror = ({ type }) => seen.push([type, source.readyState]);
  await until(() => source.readyState === 2);
  assert.deepEqual(seen, [
    ['open', 1],
    ['1', 1],
    ['2', 1],
    ['error', 0],
    ['open', 1],
    ['3', 1],
    ['error', 0],
    ['error', 2],
  ]);
});

test('nothing comes after a close, in whichever handler it is called', async () => {
  for (const [where, expected] of [
    ['open', ['open']],
    ['message', ['open', 'message']],
    ['error', ['open', 'message', 'message', 'error']],
  ]) {
    const server = new ScriptedServer(new Script().event('1').event('2').end().event('3').halfOpen());
    const source = new server.EventSource(URL_OF_TESTS);
    const seen = [];
    for (const type of ['open', 'message', 'error']) {
      source.addEventListener(type, () => {
        seen.push(type);
        if (type === where) source.close();
      });
    }
    await until(() => source.readyState === 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(seen, expected, where);
  }
});

test('a close in the first of several listeners does not keep the event from the others', async () => {
  const source = open(new Script().event('1').halfOpen());
  const seen = [];
  source.addEventListener('message', () => source.close());
  source.addEventListener('message', ({ data }) => seen.push(data));
  await until(() => source.readyState === 2);
  assert.deepEqual(seen, ['1']);
});

test('handlers are null for what is no object, and an object that cannot be called is kept and not called', async () => {
  const source = open(new Script().event('1').respond(404));
  for (const name of ['onopen', 'onmessage', 'onerror']) {
    assert.equal(source[name], null);
    for (const nothing of ['text', 5, undefined, true]) {
      source[name] = nothing;
      assert.equal(source[name], null);
    }
    const object = { handleEvent: () => assert.fail('an attribute takes functions only') };
    source[name] = object;
    assert.equal(source[name], object);
    source[name] = null;
    assert.equal(source[name], null);
  }
  const seen = [];
  source.addEventListener('message', { handleEvent: ({ data }) => seen.push(data) });
  source.addEventListener('message', ({ data }) => seen.push(`once ${data}`), { once: true });
  await until(() => source.readyState === 2);
  assert.deepEqual(seen, ['1', 'once 1']);
});

test('a named event is not a message, and an empty name is one', async () => {
  const source = open(new Script().send('event: test\ndata: x\n\nevent:\ndata: y\n\ndata: z\n\n').respond(404));
  const seen = [];
  source.addEventListener('test', ({ type, data }) => seen.push([type, data]));
  source.onmessage = ({ type, data }) => seen.push([type, data]);
  await until(() => source.readyState === 2);
  assert.deepEqual(seen, [
    ['test', 'x'],
    ['message', 'y'],
    ['message', 'z'],
  ]);
});

test('any status but 200 and any other type fail it; parameters of the type do not matter', async () => {
  for (const status of [204, 205, 210, 299, 404, 410, 503]) {
    const server = new ScriptedServer(new Script().respond(status));
    const source = new server.EventSource(URL_OF_TESTS);
    await once(source, 'error');
    assert.deepEqual([source.readyState, server.requests.length], [2, 1], String(status));
  }
  for (const [type, opens] of [
    ['text/event-stream;', true],
    ['text/event-stream; charset=windows-1252', true],
    ['TEXT/Event-Stream', true],
    ['text/x-bogus', false],
    ['text/event-stream-x', false],
  ]) {
    const source = open(new Script().respond(200, { 'content-type': type }).event('x').halfOpen());
    const { type: first } = await Promise.race([once(source, 'open'), once(source, 'error')].map((one) => one.then(([event]) => event)));
    assert.equal(first, opens ? 'open' : 'error', type);
    source.close();
  }
});

test('redirects are followed, and the origin is that of who answered', async (t) => {
  const other = await serve(t, (_, response) => eventStream(response, 'data: there\n\n'));
  const { url } = await serve(t, (request, response) => {
    response.writeHead(Number(request.url.slice(1)), { location: `${other.url}/` }).end();
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const source = new EventSource(`${url}/${status}`);
    const [{ data, origin }] = await once(source, 'message');
    assert.deepEqual([data, origin, source.url], ['there', other.url, `${url}/${status}`]);
    source.close();
  }
});

test('each request has the headers of the standard', async () => {
  const server = new ScriptedServer(new Script().event('x').end().event('y').respond(404));
  const source = new server.EventSource(URL_OF_TESTS);
  await until(() => source.readyState === 2);
  assert.equal(server.requests.length, 3);
  for (const { method, headers, lastEventId } of server.requests) {
    assert.deepEqual(
      [method, headers.get('accept'), headers.get('cache-control'), lastEventId],
      ['GET', 'text/event-stream', 'no-cache', null],
    );
  }
});
