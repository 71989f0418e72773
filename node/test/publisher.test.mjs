// Publishing to a hub that runs elsewhere: many in one go, calls that share requests, and the end.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { ClosedError, ConnectError, Hub, PublishError, Publisher, StatusError } from 'eventwire';
import { QUICK, run, serve, until } from './support.mjs';

async function served(t) {
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => hub.close());
  return { hub, url: server.url };
}

// A server that takes a request and never answers.
async function silent(t) {
  let asked = false;
  const server = createServer((socket) => socket.on('error', () => {}).on('data', () => (asked = true)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.address().port}`, asked: () => asked };
}

const offset = (id) => Number(id.split('-')[1]);

test('a hub publishes several in one go, or none', async () => {
  const hub = new Hub();
  const ids = await hub.publishMany([
    { topic: 'a', data: '1' },
    { topic: ['a', 'b'], json: [2], event: 'e', key: 'k' },
  ]);
  assert.deepEqual(ids.map(offset), [1, 2]);
  const refused = hub.publishMany([{ topic: 'a', data: '1', key: 'k' }, { topic: 'a', data: '2' }]);
  await assert.rejects(refused, (error) => {
    assert.ok(error instanceof PublishError);
    assert.match(error.message, /the event at index 0 of 2: .*; none was stored/s);
    assert.deepEqual([error.index, error.outcome], [0, 'not_stored']);
    return true;
  });
  await assert.rejects(hub.publishMany([{ topic: '*', data: 'x' }]), TypeError);
  await assert.rejects(hub.publishMany(Array(1001).fill({ topic: 'a', data: 'x' })), /1001 events at once/);
  assert.equal(hub.stats().published, 2);
});

test('what is no publication is named', async () => {
  const hub = new Hub();
  const good = { topic: 'a', data: 'x' };
  await assert.rejects(hub.publishMany('text'), /takes an array/);
  await assert.rejects(hub.publishMany([good, 'x']), /at index 1 must be an object/);
  await assert.rejects(hub.publishMany([good, { data: 'x' }]), /at index 1 has no topic/);
  await assert.rejects(hub.publishMany([good, { topic: 'a' }]), /at index 1: give data or json/);
  await assert.rejects(hub.publishMany([good, { ...good, id: '1' }]), /at index 1: .*"id"/);
  assert.equal(hub.stats().published, 0);
});

test('a publisher sends several in one request, and says which was refused', async (t) => {
  const { hub, url } = await served(t);
  const publisher = new Publisher(url);
  t.after(() => publisher.close());
  const topics = (...names) => names.map((topic) => ({ topic, data: topic }));
  assert.deepEqual((await publisher.publishMany(topics('a', 'b'))).map(offset), [1, 2]);
  assert.deepEqual(await publisher.publishMany([]), []);
  await assert.rejects(publisher.publishMany(topics('a', '*', 'b')), (error) => {
    assert.ok(error instanceof StatusError);
    assert.deepEqual([error.status, error.index, error.outcome], [400, 1, 'not_stored']);
    return true;
  });
  assert.equal(hub.stats().published, 2);
});

test('calls at the same time keep their order, and each has its own answer', async (t) => {
  const { hub, url } = await served(t);
  const publisher = new Publisher(url);
  t.after(() => publisher.close());
  const answers = await Promise.allSettled(
    Array.from({ length: 1000 }, (_, n) => publisher.publish(n % 100 === 7 ? '*' : 'a', String(n))),
  );
  let next = 1;
  for (const [n, { status, value, reason }] of answers.entries()) {
    if (n % 100 === 7) {
      assert.equal(status, 'rejected');
      assert.equal(reason.status, 400);
    } else {
      assert.equal(offset(value), next++);
    }
  }
  assert.equal(hub.stats().published, 990);
});

test('a refusal that names nobody is only for the call that is refused alone', async (t) => {
  // What stands before a hub, and refuses every request in which it finds something that it dislikes.
  const counts = [];
  const { url } = await serve(t, async (request, response) => {
    const given = JSON.parse(Buffer.concat(await request.toArray()));
    const datas = [given].flat().map(({ data }) => data);
    counts.push(datas.length);
    if (datas.includes('disliked')) response.writeHead(403).end('<html>');
    else response.end(JSON.stringify(Array.isArray(given) ? { ids: datas } : { id: datas[0] }));
  });
  const publisher = new Publisher(url);
  t.after(() => publisher.close());
  const datas = Array.from({ length: 40 }, (_, n) => (n === 17 ? 'disliked' : String(n)));
  const answers = await Promise.allSettled(datas.map((data) => publisher.publish('a', data)));
  const [{ reason }] = answers.splice(17, 1);
  assert.ok(reason instanceof StatusError, reason);
  assert.deepEqual([reason.status, reason.outcome], [403, 'not_stored']);
  assert.deepEqual(answers.map(({ value }) => value), datas.filter((data) => data !== 'disliked'));
  assert.ok(Math.max(...counts) > 1);
});

test('a queue that is full makes calls wait', async (t) => {
  const { url } = await served(t);
  const publisher = new Publisher(url);
  t.after(() => publisher.close());
  const publishing = Array.from({ length: 6000 }, (_, n) => publisher.publish('a', String(n)));
  assert.deepEqual((await Promise.all(publishing)).map(offset), Array.from({ length: 6000 }, (_, n) => n + 1));
});

test('calls that nobody waits for are refused beyond 64 MiB', async (t) => {
  const publisher = new Publisher((await silent(t)).url);
  const large = 'x'.repeat(8 << 20);
  const publishing = Array.from({ length: 9 }, () => publisher.publish('a', large));
  const answers = Promise.allSettled(publishing);
  for (const refused of publishing.slice(7)) {
    await assert.rejects(refused, (error) => error instanceof PublishError && /64 MiB/.test(error.message) && error.outcome === 'not_stored');
  }
  assert.equal(await publisher.close(0), false);
  for (const { reason } of (await answers).slice(0, 7)) assert.ok(reason instanceof ClosedError, reason);
});

test('an error says whether the event was stored', async (t) => {
  const cutting = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  cutting.listen(0, '127.0.0.1');
  await once(cutting, 'listening');
  t.after(() => cutting.close());
  const outcome = (expected) => (error) => {
    assert.ok(error instanceof ConnectError, error);
    assert.equal(error.outcome, expected);
    return true;
  };
  const policy = { retry: { ...QUICK, attempts: 1 } };
  await assert.rejects(new Publisher(`http://127.0.0.1:${cutting.address().port}`, policy).publish('a', 'x'), outcome('unknown'));
  await assert.rejects(new Publisher('http://127.0.0.1:1', policy).publish('a', 'x'), outcome('not_stored'));
});

test('close lets go out what was published, and takes nothing more', async (t) => {
  const { hub, url } = await served(t);
  const publisher = new Publisher(url);
  await publisher.flush();
  const publishing = ['1', '2', '3'].map((data) => publisher.publish('a', data));
  assert.equal(await publisher.close(), true);
  assert.deepEqual((await Promise.all(publishing)).map(offset), [1, 2, 3]);
  await assert.rejects(publisher.publish('a', 'x'), (error) => error instanceof ClosedError && error.outcome === 'not_stored');
  await publisher.flush();
  assert.equal(await publisher.close(), true);
  assert.equal(await new Publisher(url).close(), true);
  assert.throws(() => publisher.close(-1), TypeError);
  assert.equal(hub.stats().published, 3);
});

test('close gives up after its time', async (t) => {
  const { url, asked } = await silent(t);
  const publisher = new Publisher(url);
  const publishing = publisher.publish('a', 'x');
  await until(asked);
  assert.equal(await publisher.close(0), false);
  await assert.rejects(publishing, (error) => error instanceof ClosedError && error.outcome === 'unknown');
});

test('a program ends when what it published has its answers', async (t) => {
  const { hub, url } = await served(t);
  const program = `
    import { Publisher } from 'eventwire';
    const publisher = new Publisher(process.argv[1]);
    for (let n = 0; n < 100; n++) void publisher.publish('a', String(n));
    if (process.argv[2]) void publisher.close();
  `;
  for (const closes of ['', 'closes']) {
    const { code, errors } = await run(t, program, url, closes).ended;
    assert.deepEqual([code, errors], [0, '']);
  }
  assert.equal(hub.stats().published, 200);
});

test('how long an attempt may take is said', async (t) => {
  const { url } = await silent(t);
  const publisher = new Publisher(url, { retry: null, timeout: 50, connectTimeout: 5000 });
  await assert.rejects(publisher.publish('a', 'x'), { name: 'StreamTimeoutError', outcome: 'unknown', message: /within 50ms/ });
  for (const wrong of ['timeout', 'connectTimeout']) {
    assert.throws(() => new Publisher(url, { [wrong]: -1 }), (error) => error.message.includes(wrong));
  }
});

test('a deadline is kept by a hub that is silent', async (t) => {
  const { url } = await silent(t);
  const publisher = new Publisher(url, { retry: { deadline: 100 }, timeout: 3_600_000 });
  await assert.rejects(publisher.publish('a', 'x'), { outcome: 'unknown', message: /100ms after the call/ });
});

test('what is too large is refused at the first attempt, with both figures', async (t) => {
  const hub = new Hub({ maxEvent: 100 });
  const server = await hub.listen();
  t.after(() => hub.close());
  const says = /has 230 bytes.*100 .*max_event/;
  await assert.rejects(hub.publish('a', 'x'.repeat(200)), { name: 'PublishError', message: /has 230 bytes.*100 .*maxEvent/ });
  const publisher = new Publisher(server.url);
  const refused = { name: 'StatusError', status: 413, outcome: 'not_stored', attempt: 1 };
  await assert.rejects(publisher.publish('a', 'x'.repeat(200)), { ...refused, message: says });
  for (const size of [17e6, 40e6]) await assert.rejects(publisher.publish('a', 'x'.repeat(size)), refused);
});
