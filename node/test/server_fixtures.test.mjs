// The fixtures of the hub, which every language runs: here against a hub that this process serves.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { test } from 'node:test';
import { Hub } from 'eventwire';
import { until } from './support.mjs';

const folder = new URL('../../tests/fixtures/server/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'schema.json');
const cases = files.flatMap((file) =>
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')).cases.map((fixture) => ({ file, ...fixture })),
);

// A member that is not known would be a case that is not run as it is written.
function known(object, names) {
  for (const name of Object.keys(object)) assert.ok(names.includes(name), `unknown member ${name}`);
}

const camel = (name) => name.replaceAll(/_(.)/g, (_, letter) => letter.toUpperCase());

async function publish(hub, events) {
  for (const { topic, ...message } of events) await hub.publish(topic, message);
}

// The answer as soon as its head is there.
async function ask(url, filled, { method = 'GET', query, headers = {}, body = '', ...rest }) {
  known(rest, []);
  const target = query ? `/events?${filled(query)}` : '/events';
  const asking = request(new URL(target, url), { method, agent: false });
  // In UTF-8, as it is on the wire.
  for (const [name, value] of Object.entries(headers)) asking.setHeader(name, Buffer.from(filled(value)).toString('latin1'));
  if (body) asking.setHeader('Content-Length', Buffer.byteLength(filled(body)));
  asking.end(filled(body));
  const [response] = await once(asking, 'response');
  return response;
}

async function run(fixture, threads) {
  known(fixture, ['file', 'name', 'why', 'skip', 'hub', 'publish', 'request', 'then', 'expect']);
  const { hub: options = {}, then = [], expect } = fixture;
  const hub = new Hub({
    heartbeat: null,
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [camel(name), value])),
  });
  const server = await hub.listen({ threads });
  try {
    const [epoch] = hub.stats().lastEventId.split('-');
    const other = ['aaaaaaaa', 'bbbbbbbb'].find((name) => name !== epoch);
    const filled = (text) => text.replaceAll('{epoch}', epoch).replaceAll('{other}', other);

    await publish(hub, fixture.publish);
    const response = await ask(server.url, filled, fixture.request);
    if (response.statusCode === 200 && (fixture.request.method ?? 'GET') === 'GET') {
      await until(() => server.sharded === threads);
    }
    await publish(hub, then);
    // Streams give what was published before, and end.
    const drained = server.drain(60_000);
    const chunks = [];
    // An answer that is cut off is an error here.
    for await (const chunk of response) chunks.push(chunk);
    assert.equal(await drained, true);

    known(expect, ['status', 'headers', 'body']);
    assert.equal(response.statusCode, expect.status);
    for (const [name, value] of Object.entries(expect.headers ?? {})) {
      assert.deepEqual(response.headersDistinct[name.toLowerCase()], [value], name);
    }
    assert.equal(Buffer.concat(chunks).toString(), filled(expect.body.join('')));
  } finally {
    hub.close();
  }
}

const ran = [];
// By a thread that owns the sockets, and by those that answer requests.
for (const threads of [1, 0]) {
  for (const fixture of cases) {
    test(`${fixture.file}: ${fixture.name}, with ${threads} threads`, { skip: fixture.skip?.node }, async () => {
      ran.push(fixture.name);
      await run(fixture, threads);
    });
  }
}

test('every fixture was run', () => {
  const names = cases.filter(({ skip }) => !skip?.node).map(({ name }) => name);
  assert.ok(files.includes('resume.json'), `fixtures are missing in ${folder}`);
  assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'two cases have one name');
  assert.deepEqual(ran.toSorted(), [...names, ...names].toSorted());
});
