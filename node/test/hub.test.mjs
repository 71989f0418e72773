// The hub of this process, and publishing to one elsewhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClosedError, Decoder, EncodeError, Hub, PublishError, Publisher, ServeError, connect } from 'eventwire';
import { until } from './support.mjs';

test('a subscription has all from its making on, and ends by break', async () => {
  const hub = new Hub();
  const subscription = hub.subscribe(['a', 'b']);
  const ids = [await hub.publish('a', 'one'), await hub.publish('b', { data: 'two', event: 'tick' })];
  await hub.publish('c', 'not ours');
  ids.push(await hub.publish(['a', 'b'], { json: [3] }));
  const got = [];
  for await (const event of subscription) if (got.push(event) === 3) break;
  assert.deepEqual(got, [
    { event: 'message', data: 'one', id: ids[0] },
    { event: 'tick', data: 'two', id: ids[1] },
    { event: 'message', data: '[3]', id: ids[2] },
  ]);
  await until(() => hub.stats().subscribers === 0);
});

test('a subscription that the log has left behind is told, and goes on', async () => {
  const hub = new Hub({ maxEvents: 3 });
  const subscription = hub.subscribe('news');
  for (let number = 0; number < 1000; number++) await hub.publish('news', 'x'.repeat(10_000) + number);
  await hub.publish('news', 'last');
  const events = [];
  for await (const event of subscription) if (events.push(event) && event.data === 'last') break;
  const resets = events.filter(({ event }) => event === 'eventwire.reset');
  assert.equal(JSON.parse(resets[0].data).reason, 'evicted');
  assert.deepEqual(
    events.slice(-3).map(({ data }) => data.replace(/x+/, '')),
    ['998', '999', 'last'],
  );
  hub.close();
});

test('what was published before the hub closes is still read', async () => {
  const hub = new Hub();
  const events = hub.subscribe('a')[Symbol.asyncIterator]();
  const first = events.next();
  await hub.publish('a', '0');
  assert.equal((await first).value.data, '0');
  for (const data of ['1', '2', '3']) await hub.publish('a', data);
  hub.close();
  // Then the end has come too, behind the events.
  await until(() => hub.stats().subscribers === 0);
  const got = [];
  for await (const { data } of events) got.push(data);
  assert.deepEqual(got, ['1', '2', '3']);
});

test('frames are the bytes of the event stream', async () => {
  const hub = new Hub();
  const id = await hub.publish('a', 'x');
  const decoder = new Decoder();
  for await (const frame of hub.subscribe('a', { start: 'earliest' }).frames()) {
    assert.ok(frame instanceof Uint8Array);
    const [event] = decoder.feed(frame);
    if (!event) continue;
    assert.deepEqual(event, { event: 'message', data: 'x', id });
    break;
  }
});

test('publishing keeps the order of the calls', async () => {
  const hub = new Hub();
  const ids = await Promise.all(Array.from({ length: 100 }, (_, n) => hub.publish('a', String(n))));
  assert.deepEqual(
    ids.map((id) => Number(id.split('-')[1])),
    Array.from({ length: 100 }, (_, n) => n + 1),
  );
});

test('what cannot be published is an error that says why', async () => {
  const hub = new Hub();
  await assert.rejects(hub.publish('a', 5), /must be a string, or an object/);
  await assert.rejects(hub.publish('a', {}), /data or json/);
  await assert.rejects(hub.publish('a', { data: 'x', topic: 'b' }), /no "topic"/);
  await assert.rejects(hub.publish('', 'x'), TypeError);
  await assert.rejects(hub.publish([], 'x'), TypeError);
  await assert.rejects(hub.publish('a', { data: 'x', event: 'a\nb' }), EncodeError);
  await assert.rejects(hub.publish('a', { data: 'x', event: 'eventwire.reset' }), /eventwire\./);
  await assert.rejects(hub.publish('a', { json: () => 1 }), /json of what is published .* is a function/);
  await hub.publish('a', { data: 'x', key: 'k' });
  await assert.rejects(hub.publish('a', { data: 'y', key: 'k' }), PublishError);
  assert.throws(() => new Hub({ store: 'floppy:' }), TypeError);
  assert.throws(() => new Hub({ maxEvnts: 1 }), /no "maxEvnts".*maxEvents/);
  assert.throws(() => hub.subscribe('a', { start: 'noon' }), TypeError);
});

test('a server that cannot start says why', async (t) => {
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  const port = Number(new URL(server.url).port);
  await assert.rejects(hub.listen({ port }), (error) => error instanceof ServeError && /in use/.test(error.message));
  await assert.rejects(hub.listen({ host: '0.0.0.0' }), ServeError);
  await assert.rejects(hub.listen({ port: 70_000 }), TypeError);
  await assert.rejects(hub.listen({ cors: 'nonsense' }), TypeError);
});

test('a drain ends the streams of others', async () => {
  const hub = new Hub();
  const server = await hub.listen();
  const kinds = [];
  let drained;
  for await (const item of connect(`${server.url}/events?topic=a`, { retry: null }).items()) {
    kinds.push(item.kind);
    if (item.kind === 'opened') drained = server.drain();
  }
  assert.equal(await drained, true);
  assert.deepEqual(kinds, ['opened', 'closed']);
});

test('a publisher elsewhere', async (t) => {
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  const publisher = new Publisher(server.url);
  const ids = await Promise.all(['1', '2', '3'].map((data) => publisher.publish('a', { data, event: 'tick' })));
  const got = [];
  for await (const event of hub.subscribe('a', { start: 'earliest' })) if (got.push(event) === 3) break;
  assert.deepEqual(got.map(({ event, data, id }) => [event, data, id]), ids.map((id, n) => ['tick', `${n + 1}`, id]));
  await assert.rejects(publisher.publish('*', 'x'), /\*/);
  publisher.close();
  await assert.rejects(publisher.publish('a', 'x'), /closed/);
});

test('a closed hub has closed its servers', async () => {
  const hub = new Hub();
  const { url } = await hub.listen();
  hub.close();
  await until(() => fetch(`${url}/health`).then(() => false, () => true));
});

test('a hub that was closed takes nothing, also one that was never used', async () => {
  const used = new Hub();
  await used.publish('a', 'x');
  for (const hub of [new Hub(), used]) {
    hub.close();
    await assert.rejects(hub.publish('a', 'x'), ClosedError);
    await assert.rejects(hub.publishMany([{ topic: 'a', data: 'x' }]), ClosedError);
    await assert.rejects(hub.listen(), ClosedError);
    assert.throws(() => hub.subscribe('a'), ClosedError);
    assert.equal(hub.stats().subscribers, 0);
  }
});

test('a newcomer gets what is retained, and one that resumes does not', async () => {
  const hub = new Hub({ retained: { 'prices/*': 1, news: 2 }, maxEvents: 1 });
  await hub.publish('prices/tea', '3.20');
  const last = await hub.publish('prices/tea', '3.40');
  for (const data of ['1', '2', '3']) await hub.publish('news', data);
  const newcomer = hub.subscribe(['prices/tea', 'news']);
  const id = await hub.publish('news', '4');
  const got = [];
  for await (const event of newcomer) if (got.push([event.data, event.id]) === 4) break;
  assert.deepEqual(got, [
    ['3.40', ''],
    ['2', ''],
    ['3', ''],
    ['4', id],
  ]);
  const resumed = hub.subscribe('prices/tea', { lastEventId: last });
  await hub.publish('prices/tea', '3.60');
  for await (const event of resumed) {
    assert.equal(event.data, '3.60');
    break;
  }
  for (const [options, says] of [
    [{ retained: { 'a*': 1 } }, /retained values: the topic "a\*"/],
    [{ retained: { a: -1 } }, /"a" in retained of the options of Hub must be a whole number/],
    [{ retained: ['a'] }, /retained of the options of Hub must be an object of topics and numbers/],
    [{ maxRetainedBytes: -1 }, /maxRetainedBytes of the options of Hub must be a whole number/],
  ]) {
    assert.throws(() => new Hub(options), { name: 'TypeError', message: says });
  }
});

test('a hub in memory answers within any store timeout', async () => {
  for (const storeTimeout of [0.001, 10_000, null]) {
    const hub = new Hub({ storeTimeout });
    const ids = await Promise.all(Array.from({ length: 1000 }, (_, number) => hub.publish('news', String(number))));
    assert.equal(new Set(ids).size, 1000);
  }
  for (const storeTimeout of [0, -1, Infinity]) {
    assert.throws(() => new Hub({ storeTimeout }), { name: 'TypeError', message: /^storeTimeout is .*null for no limit/ });
  }
});

test('patterns are for topics that come later too', async () => {
  const hub = new Hub();
  const orders = hub.subscribe('orders/*');
  await hub.publish('news', 'not for it');
  await hub.publish(['orders/1', 'orders/eu/2'], 'once');
  await hub.publish('orders/new', 'more');
  const got = [];
  for await (const { data } of orders) if (got.push(data) === 2) break;
  assert.deepEqual(got, ['once', 'more']);
});
