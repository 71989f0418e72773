// The fixtures of the client, which every language runs: here by `connect`, and by `EventSource` those that are about it.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { EventSource, EventwireError, connect } from 'eventwire';
import { FixtureServer } from './fixture_server.mjs';

const folder = new URL('../../tests/fixtures/client/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== 'schema.json');
const cases = files.flatMap((file) =>
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')).cases.map((fixture) => ({ file, ...fixture })),
);

// How long a case may take; then what came until then is judged.
const PATIENCE = 30_000;

const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const camelKeys = (object) => Object.fromEntries(Object.entries(object).map(([name, value]) => [camelCase(name), value]));

const server = new FixtureServer();
after(() => server.close());

// The options have the names of Rust in the fixtures.
const rustNames = (message) => message.replace(/\b(idle|event)Timeout\b/g, '$1_timeout');

const errorOf = ({ kind, message, status, attempt, clock, retryAfter, body, limit, max }) => ({
  kind,
  message: rustNames(message),
  status,
  attempt,
  clock,
  retry_after: retryAfter,
  body,
  limit,
  max,
});

function itemOf({ kind, ...item }) {
  switch (kind) {
    case 'opened':
      return { opened: item.status, url: item.url };
    case 'event':
    case 'comment':
      return item;
    case 'reset':
      return { reset: item.reason, requested: item.requested, first: item.first, id: item.id };
    case 'reconnecting':
      return { reconnecting: errorOf(item.reason), attempt: item.attempt, delay: item.delay };
    case 'closed':
      return { closed: item.reason, error: item.error && errorOf(item.error) };
    default:
      throw new Error(`${kind} is new`);
  }
}

async function byConnect({ options, consumer, items: wanted, ends }) {
  const { url, retry, ...rest } = camelKeys(options);
  const stream = connect(url, { ...rest, retry: retry && camelKeys(retry), comments: true });
  const told = { items: [], error: null, ended: false };
  let events = 0;
  let hung = false;
  // An item that is missing shows as a wait.
  const watchdog = setTimeout(() => {
    hung = true;
    stream.close();
  }, PATIENCE);
  try {
    let left = false;
    for await (const item of stream.items()) {
      told.items.push(itemOf(item));
      if (item.kind === 'event' && ++events === consumer.close_after) stream.close();
      left = told.items.length >= wanted && !ends;
      if (left) break;
    }
    told.ended = !left && !hung;
  } catch (error) {
    if (!(error instanceof EventwireError)) throw error;
    told.error = errorOf(error);
    told.ended = true;
  } finally {
    clearTimeout(watchdog);
    stream.close();
  }
  return { ...told, last_event_id: stream.lastEventId, reconnection_time: stream.reconnectionTime };
}

// What a handler throws is reported as any uncaught exception is: here it is caught before the test runner sees it.
const thrown = [];
const mistakes = new Set();
process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error));

async function byEventSource({ options, consumer, items: wanted, ends }, fixture) {
  const { url, method, headers, body, lastEventId, retry } = camelKeys(options);
  const init = { method, headers, body, lastEventId, resendBody: retry?.resend_body };
  const source = new EventSource(url, init);
  const told = { items: [], error: null, ended: false };
  const expected = fixture.expect.items.filter(({ comment }) => comment === undefined).length;
  const mistake = new Error('of a handler');
  let events = 0;
  await new Promise((resolve) => {
    const watchdog = setTimeout(resolve, PATIENCE);
    const done = () => {
      clearTimeout(watchdog);
      resolve();
    };
    const take = (item) => {
      told.items.push(item);
      if (told.items.length >= expected && !ends) done();
    };
    source.onopen = () => take({ opened: null });
    source.onerror = ({ error }) => {
      const closed = source.readyState === EventSource.CLOSED;
      take(closed ? { closed: null } : { reconnecting: errorOf(error) });
      if (!closed) return;
      told.error = error && errorOf(error);
      told.ended = true;
      done();
    };
    const types = new Set(fixture.expect.items.filter(({ data }) => data !== undefined).map(({ event = 'message' }) => event));
    for (const type of types) {
      source.addEventListener(type, (event) => {
        take({ event: event.type, data: event.data, id: event.lastEventId });
        events++;
        if (events === consumer.close_after) {
          source.close();
          told.ended = true;
          // What was on its way would come now.
          setTimeout(done, 50);
        }
        if (events === consumer.throws_at) throw mistake;
      });
    }
  });
  source.close();
  const { lastEventId: last_event_id, reconnectionTime: reconnection_time } = source;
  await turn();
  if (consumer.throws_at) assert.ok(thrown.includes(mistake), 'what the handler threw was not reported');
  mistakes.add(mistake);
  // Its own place is that of what was decoded; the requests show that of what was delivered.
  return { ...told, last_event_id: consumer.close_after ? null : last_event_id, reconnection_time };
}

after(() => assert.deepEqual(thrown.filter((error) => !mistakes.has(error)), []));

const runners = [
  ['node', 'connect', byConnect],
  ['event_source', 'event_source', byEventSource],
];

for (const [runner, profile, run] of runners) {
  const mine = cases.filter(({ profiles = ['connect'], skip }) => profiles.includes(profile) && !skip?.[runner]);
  const ran = [];
  // Some at once, since they mostly wait.
  describe(runner, { concurrency: 8 }, () => {
    for (const fixture of mine) {
      test(`${fixture.file}: ${fixture.name}`, async () => {
        const play = await server.play(fixture.name);
        const wrong = await server.judge(play.play, runner, await run(play, fixture));
        assert.equal(wrong, null, `${fixture.why}: ${wrong}`);
        ran.push(fixture.name);
      });
    }
  });
  test(`every fixture was run by ${runner}`, () => {
    assert.ok(files.includes('resume.json'), `fixtures are missing in ${folder}`);
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length, 'two cases have one name');
    assert.ok(mine.length > 50);
    assert.deepEqual(ran.toSorted(), mine.map(({ name }) => name).toSorted());
  });
}
