// The test kit, as users of the package use it.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { ConnectError, ContentTypeError, EventSource, EventStream, StatusError, StreamTimeoutError } from 'eventwire';
import * as imported from 'eventwire/testing';
import { Script, ScriptedServer } from 'eventwire/testing';
import { until } from './support.mjs';

// What happens to a stream, in a word or two each.
async function told(script, options) {
  const server = new ScriptedServer(script);
  const seen = [];
  try {
    for await (const item of server.connect('http://test/events', options).items()) {
      const { kind } = item;
      if (kind === 'event') seen.push(item.data);
      else if (kind === 'reconnecting') seen.push(`again ${item.reason.kind}`);
      else if (kind === 'closed') seen.push(`closed ${item.reason}`);
      else seen.push(kind);
    }
  } catch (error) {
    seen.push(error.constructor);
  }
  return { seen, server };
}

test('import and require give the same', () => {
  const required = createRequire(import.meta.url)('eventwire/testing');
  assert.deepEqual(Object.keys(imported).sort(), Object.keys(required).sort());
});

test('each word of a script does what it says', async () => {
  const cases = [
    [new Script(), ['closed no_content']],
    [new Script().event('a').event('b'), ['opened', 'a', 'b', 'again ConnectError', 'closed no_content']],
    [new Script().respond(200).send('data: x\n\n').end(), ['opened', 'x', 'again ConnectError', 'closed no_content']],
    [new Script().send(Buffer.from('data: y\n\n')), ['opened', 'y', 'again ConnectError', 'closed no_content']],
    [new Script().event('a').reset(), ['opened', 'a', 'again ConnectError', 'closed no_content']],
    [new Script().event('a').resetMidEvent(), ['opened', 'a', 'again ConnectError', 'closed no_content']],
    [new Script().reset(), ['again ConnectError', 'closed no_content']],
    [new Script().refuse(), ['again ConnectError', 'closed no_content']],
    [new Script().tlsFailure(), ['again ConnectError', 'closed no_content']],
    [new Script().unreachable(), ['again StreamTimeoutError', 'closed no_content']],
    [new Script().respond(103).event('a'), ['opened', 'a', 'again ConnectError', 'closed no_content']],
    [new Script().respond(503), ['again StatusError', 'closed no_content']],
    [new Script().respond(404), ['closed failed', StatusError]],
    [new Script().respond(200, { 'content-type': 'text/html' }), ['closed failed', ContentTypeError]],
  ];
  for (const [script, expected] of cases) assert.deepEqual((await told(script)).seen, expected, JSON.stringify(script));
  const { seen } = await told(new Script().refuse().repeat(), { retry: { attempts: 3 } });
  assert.deepEqual(seen.at(-1), ConnectError);
  assert.equal(seen.filter((item) => item === 'again ConnectError').length, 3);
});

test('the clock goes by itself, and what it would have waited is told', async () => {
  const script = new Script()
    .event('a', { event: 'tick', id: '7', retry: 2000 })
    .respond(503, [['retry-after', '1800']])
    .drip(1000)
    .send('busy')
    .event('b')
    .halfOpen();
  const { seen, server } = await told(script, { idleTimeout: 45_000, method: 'POST', body: 'hi', retry: { resendBody: true } });
  assert.deepEqual(seen, [
    'opened',
    'a',
    'again ConnectError',
    'again StatusError',
    'closed no_content',
  ]);
  const { requests, delays } = server;
  assert.deepEqual(delays.length, 2);
  assert.ok(delays[0] >= 500 && delays[0] <= 2000);
  assert.equal(delays[1], 1_800_000);
  assert.ok(server.now >= 1_800_000);
  assert.deepEqual(
    requests.map(({ method, url, lastEventId }) => [method, url, lastEventId]),
    [null, '7', '7'].map((id) => ['POST', 'http://test/events', id]),
  );
  assert.equal(requests[0].headers.get('accept'), 'text/event-stream');
  assert.equal(Buffer.from(requests[0].body).toString(), 'hi');
  // The same in every run.
  assert.deepEqual((await told(script, { retry: { resendBody: true }, method: 'POST', body: 'hi' })).server.delays, delays);
});

test('a half-open peer and a stalled producer are each noticed by their clock', async () => {
  const once = { retry: null, idleTimeout: 30_000, eventTimeout: 60_000 };
  for (const [script, clock, time] of [
    [new Script().event('a').halfOpen(), 'idle', 30_000],
    [new Script().event('a').wait(20_000).comment('1').wait(20_000).comment('2').wait(25_000).comment('3'), 'event', 60_000],
  ]) {
    const server = new ScriptedServer(script);
    const stream = server.connect('http://test/', once);
    assert.ok(stream instanceof EventStream);
    await assert.rejects(
      async () => {
        for await (const _ of stream);
      },
      (error) => error instanceof StreamTimeoutError && error.clock === clock,
    );
    assert.equal(server.now, time);
  }
});

test('a paused clock stands until it is advanced', async () => {
  const server = new ScriptedServer(new Script().event('a').wait(60_000).event('b'), { paused: true });
  const stream = server.connect('http://test/');
  const events = stream[Symbol.asyncIterator]();
  assert.equal((await events.next()).value.data, 'a');
  const next = events.next();
  server.advance(59_000);
  assert.equal(await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 20, 'nothing'))]), 'nothing');
  server.advance(1000);
  assert.equal((await next).value.data, 'b');
  assert.equal(server.now, 60_000);
  stream.close();
});

test('EventSource plays it too', async () => {
  const server = new ScriptedServer(new Script().event('a', { id: '1' }).event('b').reset().event('c').respond(404));
  const source = new server.EventSource('http://test/');
  assert.ok(source instanceof EventSource);
  const seen = [];
  source.onmessage = ({ data }) => seen.push(data);
  source.onerror = () => seen.push(source.readyState);
  await until(() => source.readyState === 2);
  assert.deepEqual(seen, ['a', 'b', 0, 'c', 0, 2]);
  assert.deepEqual(server.requests.map(({ lastEventId }) => lastEventId), [null, '1', '1']);
});

test('what is wrong is said where it is given', () => {
  assert.throws(() => new ScriptedServer('refuse'), /a Script/);
  assert.throws(() => new ScriptedServer(new Script(), { pause: true }), /no "pause"/);
  assert.throws(() => new ScriptedServer(new Script().respond(42)), /respond\(42\)/);
  assert.throws(() => new Script().respond('200'), TypeError);
  assert.throws(() => new Script().event(1), TypeError);
  assert.throws(() => new Script().event('x', { type: 'y' }), /no "type"/);
  assert.throws(() => new Script().wait(-1), TypeError);
  assert.throws(() => new ScriptedServer(new Script().event('x', { id: 'a\nb' })), /line/);
});
