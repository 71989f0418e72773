// A request that the application prepares.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PrepareError, connect } from 'eventwire';
import { QUICK, eventStream, run, serve } from './support.mjs';

const take = async (stream, count) => {
  const events = [];
  for await (const event of stream) if (events.push(event.data) === count) break;
  return events;
};

test('every attempt is prepared anew, by a function or by one that is async', async (t) => {
  const asked = [];
  const { url } = await serve(t, (request, response) => {
    asked.push([request.url, request.headers.authorization, request.headers['x-kept']]);
    if (asked.length === 1) return response.writeHead(503).end();
    eventStream(response, `id: ${asked.length}\ndata: ${asked.length}\n\n`);
    response.end();
  });
  const seen = [];
  const prepare = (attempt) => {
    seen.push([attempt.attempt, attempt.lastEventId, attempt.error?.status]);
    attempt.headers.set('authorization', `Bearer ${seen.length}`);
    attempt.url = new URL(`/${seen.length}`, attempt.url);
    return seen.length % 2 === 0 ? Promise.resolve() : undefined;
  };
  const stream = connect(url, { retry: QUICK, headers: { 'X-Kept': 'k' }, prepare });
  assert.deepEqual(await take(stream, 2), ['2', '3']);
  assert.deepEqual(asked, [1, 2, 3].map((number) => [`/${number}`, `Bearer ${number}`, 'k']));
  assert.deepEqual(seen, [
    [1, '', undefined],
    [2, '', 503],
    // The connection before was stable, and the first of a new row.
    [2, '2', undefined],
  ]);
});

test('headers and body can be replaced', async (t) => {
  let seen;
  const { url } = await serve(t, async (request, response) => {
    seen = { new: request.headers['x-new'], body: Buffer.concat(await request.toArray()).toString() };
    eventStream(response, 'data: x\n\n');
  });
  const prepare = (attempt) => {
    assert.equal(Buffer.from(attempt.body).toString(), '{"a":1}');
    attempt.headers = new Headers({ 'X-New': 'n' });
    attempt.body = 'new';
  };
  assert.deepEqual(await take(connect(url, { method: 'POST', json: { a: 1 }, prepare }), 1), ['x']);
  assert.deepEqual(seen, { new: 'n', body: 'new' });
});

test('what it throws is told with its cause and tried again', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response, 'data: x\n\n'));
  const wrong = new RangeError('no token');
  const prepare = async ({ attempt }) => {
    if (attempt === 1) throw wrong;
  };
  const told = [];
  for await (const item of connect(url, { retry: QUICK, prepare }).items()) {
    told.push(item);
    if (item.kind === 'event') break;
  }
  assert.deepEqual(told.map(({ kind }) => kind), ['reconnecting', 'opened', 'event']);
  const { reason } = told[0];
  assert.ok(reason instanceof PrepareError);
  assert.equal(reason.kind, 'PrepareError');
  assert.match(reason.message, /RangeError: no token/);
  assert.equal(reason.cause, wrong);
});

test('what cannot be asked says so, and ends the stream where nothing is tried again', async (t) => {
  const { url } = await serve(t, (_, response) => response.end());
  const cases = [
    [(attempt) => (attempt.url = 'nonsense') && undefined, /is no URL/],
    [(attempt) => void (attempt.url = 7), /url of the attempt must be a string/],
    [(attempt) => void (attempt.body = 7), /body of the attempt must be/],
    [(attempt) => attempt, /prepare returns must be nothing/],
    [() => Promise.reject(new Error('later')), /Error: later/],
  ];
  for (const [prepare, message] of cases) {
    const failed = await take(connect(url, { retry: null, prepare }), 1).catch((error) => error);
    assert.ok(failed instanceof PrepareError, String(failed));
    assert.match(failed.message, message);
  }
  assert.throws(() => connect(url, { prepare: 7 }), /prepare of the options of connect must be a function/);
});

test('a close while it is asked ends the stream', async (t) => {
  const { url } = await serve(t, (_, response) => response.end());
  for (const never of [() => stream.close(), () => (setImmediate(() => stream.close()), new Promise(() => {}))]) {
    var stream = connect(url, { prepare: never });
    assert.deepEqual(await take(stream, 1), []);
  }
});

test('a process waits for what prepares, and for nothing after that', async (t) => {
  const { url } = await serve(t, (_, response) => {
    eventStream(response, 'data: x\n\n');
    response.end();
  });
  const { ended } = run(
    t,
    `import { connect } from 'eventwire';
     const later = () => new Promise((resolve) => setTimeout(resolve, 20));
     for await (const { data } of connect(process.argv[1], { retry: null, prepare: later })) console.log(data);`,
    url,
  );
  const { code, output, errors } = await ended;
  assert.deepEqual([code, output, errors], [0, 'x\n', '']);
});
