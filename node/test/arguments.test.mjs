// What is wrong with an argument is said at once, in the words of JavaScript. `python/tests/test_bounds.py` has the same for Python.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConnectError, Decoder, EventSource, Hub, Publisher, ServeError, connect } from 'eventwire';
import { Script, ScriptedServer } from 'eventwire/testing';

const URL = 'http://127.0.0.1:9/';

const refuses = (make, says) => assert.throws(make, { name: 'TypeError', message: says });

for (const name of ['idleTimeout', 'eventTimeout']) {
  test(`${name} is a time or null`, () => {
    for (const value of [0, -1, Infinity, NaN, 1e300]) {
      refuses(() => connect(URL, { [name]: value }), new RegExp(`^${name} is .*more than zero, or null for no limit$`));
    }
    connect(URL, { [name]: null }).close();
  });
}

test('a connect timeout is a time', () => {
  for (const value of [0, -1, Infinity, NaN, 1e300]) {
    refuses(() => connect(URL, { connectTimeout: value }), /^connectTimeout is .{1,20}: give milliseconds, .*more than zero$/);
  }
});

test('what must hold something is one or more', async () => {
  const ways = {
    maxLine: (options) => connect(URL, options),
    maxEvent: (options) => connect(URL, options),
    mailbox: (options) => connect(URL, options),
    maxEvents: (options) => new Hub(options),
    maxBytes: (options) => new Hub(options),
    maxTopics: (options) => new Hub(options),
  };
  for (const [name, make] of Object.entries(ways)) {
    for (const value of [0, -1]) refuses(() => make({ [name]: value }), new RegExp(`^${name} .*at least 1`));
  }
  for (const maxLine of [0, -1]) refuses(() => new Decoder({ maxLine }), /^maxLine .*at least 1/);
  for (const name of ['maxBody', 'maxConnections']) {
    await assert.rejects(new Hub().listen({ limits: { [name]: 0 } }), { name: 'TypeError', message: new RegExp(`^${name} .*at least 1`) });
  }
});

test('a time of a hub is a time or null', () => {
  for (const name of ['maxAge', 'heartbeat']) {
    for (const value of [0, -1, Infinity]) {
      refuses(() => new Hub({ [name]: value }), new RegExp(`^${name} is .*more than zero, or null for no limit$`));
    }
    new Hub({ [name]: null }).close();
  }
});

test('a delay may be none at all', () => {
  for (const name of ['base', 'max', 'min', 'stableAfter']) {
    connect(URL, { retry: { [name]: 0 } }).close();
    for (const value of [-1, Infinity, NaN]) {
      refuses(() => connect(URL, { retry: { [name]: value } }), new RegExp(`^${name} of retry is .*: give milliseconds, zero or more$`));
    }
  }
});

test('who waits for an end waits a bounded time', async () => {
  const server = await new Hub().listen();
  await assert.rejects(server.drain(Infinity), { name: 'TypeError', message: /^the timeout of drain is infinite: give milliseconds/ });
  server.close();
  refuses(() => new Publisher(URL).close(-1), /^the timeout of close is -1/);
});

test('the names in an error are those of JavaScript', async () => {
  refuses(() => connect(URL, { lastEventId: 'a\nb' }), /^lastEventId contains a line end/);
  refuses(() => new Hub({ maxEvents: 0 }), /maxEvents/);
  await assert.rejects(new Hub().listen({ host: '0.0.0.0' }), (error) => {
    assert.ok(error instanceof ServeError);
    assert.match(error.message, /openPublish/);
    assert.doesNotMatch(error.message, /open_publish/);
    return true;
  });
  await assert.rejects(new Hub({ maxBytes: 1000 }).publish('a', 'x'.repeat(1000)), { name: 'PublishError', message: /\(maxBytes\)/ });
  const quiet = new ScriptedServer(new Script().halfOpen()).connect('http://test/', { idleTimeout: 1000, retry: null });
  await assert.rejects(quiet[Symbol.asyncIterator]().next(), { name: 'StreamTimeoutError', message: /\(idleTimeout\)/ });
});

test('certificates that are none are named with their file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'eventwire-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'none.pem');
  writeFileSync(path, 'nothing');
  for (const name of ['verify', 'cert']) {
    for (const make of [(options) => connect(URL, options), (options) => new Publisher(URL, options)]) {
      assert.throws(() => make({ [name]: path }), (error) => error instanceof TypeError && error.message.startsWith(`${name} (${path}) has no certificate`));
      refuses(() => make({ [name]: Buffer.from('nothing') }), new RegExp(`^${name} has no certificate`));
    }
  }
});

test('what is no URL is shown, with what to give', () => {
  for (const wrong of ['', 'foo', '/events']) {
    assert.throws(() => connect(wrong), (error) => error instanceof TypeError && error.message.startsWith(`${JSON.stringify(wrong)} is no URL`) && error.message.includes('give a whole one'));
    assert.throws(() => connect(wrong, { params: { a: 1 } }), /is no URL/);
  }
});

test('options that are none, and values of a wrong type, are named', () => {
  refuses(() => connect(URL, []), 'the options of connect must be an object, and is an array');
  refuses(() => connect(URL, { retry: [] }), /retry of the options of connect must be an object, and is an array/);
  refuses(() => connect(URL, { params: 5 }), /^params of the options of connect must be .*, and is a number$/);
  refuses(() => connect(URL, { params: { a: {} } }), /^"a" in params of the options of connect must be .*, and is an object$/);
  refuses(() => connect(URL, { headers: { a: 5 } }), /^"a" in headers of the options of connect must be a string, and is a number$/);
  refuses(() => connect(URL, { headers: [['a', null]] }), /^"a" in headers of .* must be a string, and is null$/);
  refuses(() => connect(URL, { headers: 'a: b' }), /^headers of .* must be Headers, an object, or an array of pairs, and is a string$/);
  refuses(() => connect(URL, { headers: { 'a b': 'c' } }), /^headers of the options of connect: /);
  for (const headers of [{ a: 'b' }, [['a', 'b']], new Headers({ a: 'b' }), new Map([['a', 'b']])]) connect(URL, { headers }).close();
});

test('parameters that are null or undefined are left out', async () => {
  const server = new ScriptedServer(new Script().respond(204));
  for await (const _ of server.connect('http://test/', { params: { a: null, b: [1, null, 2], c: '', d: undefined, e: false } }));
  assert.equal(server.requests[0].url, 'http://test/?b=1&b=2&c=&e=false');
});

test('a chunk that is no bytes is what the error of a stream that was given says', async () => {
  const source = EventSource.fromReadableStream(
    new ReadableStream({
      start(controller) {
        controller.enqueue(5);
      },
    }),
  );
  const [event] = await once(source, 'error');
  assert.ok(event.error instanceof TypeError);
  assert.equal(event.message, 'the body gave a chunk that is no bytes but a number');
  assert.equal(source.readyState, EventSource.CLOSED);
});

test('a fetch that gives no bytes is a ConnectError, whose cause says so', async () => {
  const fetch = async () => ({ status: 200, headers: [['content-type', 'text/event-stream']], body: ReadableStream.from([5]) });
  await assert.rejects(async () => { for await (const _ of connect(URL, { fetch })); }, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.match(error.message, /no bytes but a number/);
    assert.ok(error.cause instanceof TypeError);
    return true;
  });
});
