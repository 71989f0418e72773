// Bytes in an event, and payloads in slices: the fixtures of all languages, and how files are sent and received.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import {
  Assembly,
  DataError,
  Hub,
  Publisher,
  SliceError,
  binary,
  bytes,
  connect,
  decode,
  encode,
  receiveFile,
  sendFile,
  slices,
} from 'eventwire';
import { QUICK, serve, until } from './support.mjs';

const folder = new URL('../../tests/fixtures/slices/', import.meta.url);
const cases = (file) => {
  const found = JSON.parse(readFileSync(new URL(file, folder), 'utf8')).cases;
  assert.ok(found.length > 10);
  return found;
};
const hex = (text) => new Uint8Array(Buffer.from(text, 'hex'));
const all = async (events) => {
  const found = [];
  for await (const event of events) found.push(event);
  return found;
};
const camelCase = (object = {}) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name.replace(/_(.)/g, (_, c) => c.toUpperCase()), value]));

// A folder of the test's own.
async function temporary(t) {
  const path = await mkdtemp(join(tmpdir(), 'eventwire-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('every file of fixtures is run', () => {
  assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.json')).sort(), [
    'binary.json',
    'receive.json',
    'schema.json',
    'send.json',
  ]);
});

for (const fixture of cases('binary.json')) {
  test(`binary: ${fixture.name}`, () => {
    if (fixture.error) {
      assert.throws(
        () => bytes(fixture),
        (error) => error instanceof DataError && error.position === fixture.error.position,
      );
    } else {
      assert.deepEqual(binary(hex(fixture.bytes)), { data: fixture.data });
      assert.deepEqual(bytes(fixture), hex(fixture.bytes));
    }
  });
}

for (const fixture of cases('send.json')) {
  test(`send: ${fixture.name}`, async () => {
    const make = () => slices(hex(fixture.payload), camelCase(fixture.options));
    if (fixture.expect.error) assert.throws(make, TypeError);
    else assert.deepEqual(await all(make()), fixture.expect.events);
  });
}

for (const fixture of cases('receive.json')) {
  test(`receive: ${fixture.name}`, async (t) => {
    const events = fixture.events.map(({ event, data }) => ({
      event,
      data: typeof data === 'string' ? data : JSON.stringify(data),
      id: '',
    }));
    const options = camelCase(fixture.options);
    const { taken: wanted, transfer, error } = fixture.expect;
    const taken = [];
    const assembly = new Assembly(options);
    const assembled = () => {
      for (const event of events) {
        const part = assembly.take(event);
        taken.push(part && Buffer.from(part).toString());
      }
      return assembly.finish();
    };
    const path = await temporary(t);
    const target = join(path, 'target');
    if (error) {
      const { says = '', kind, ...numbers } = error;
      const right = (raised) => {
        assert.ok(raised instanceof SliceError, raised);
        const { reason, message, index, expected, position } = raised;
        assert.equal(reason, kind);
        assert.deepEqual({ index, expected, position }, { index: undefined, expected: undefined, position: undefined, ...numbers });
        // Options have their names of JavaScript there.
        return message.includes(says.replace(/_(.)/g, (_, letter) => letter.toUpperCase()));
      };
      assert.throws(assembled, right);
      await assert.rejects(receiveFile(events, target, options), right);
      assert.deepEqual(await readdir(path), []);
    } else {
      assert.deepEqual(assembled(), camelCase(transfer));
      assert.equal(assembly.complete, true);
      assert.deepEqual(await receiveFile(events, target, options), camelCase(transfer));
      assert.equal(await readFile(target, 'utf8'), wanted.join(''));
    }
    assert.deepEqual(taken, wanted);
  });
}

test('an event of bytes can be encoded and published', async () => {
  const event = binary(new Uint8Array([0, 255]), { event: 'chunk', id: '7', retry: 5 });
  assert.equal(Buffer.from(encode(event)).toString(), 'retry: 5\nid: 7\nevent: chunk\ndata: AP8=\n\n');
  const hub = new Hub();
  await hub.publish('a', binary(new Uint8Array([1]), { key: 'k' }));
  for await (const event of hub.subscribe('a', { start: 'earliest' })) {
    assert.deepEqual(bytes(event), new Uint8Array([1]));
    break;
  }
  assert.throws(() => binary('text'), /must be a Uint8Array/);
  assert.throws(() => binary(new Uint8Array(0), { data: 'x' }), /no "data"/);
  assert.throws(() => bytes({}), TypeError);
});

const PAYLOAD = Buffer.alloc(256_000, Buffer.from(Array.from({ length: 251 }, (_, at) => at)));

async function payloadIn(path) {
  const file = join(path, 'payload.bin');
  await writeFile(file, PAYLOAD);
  return file;
}

test('a file through a hub, by its URL, and sent again', async (t) => {
  const path = await temporary(t);
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  const sent = await sendFile(hub, 'files', await payloadIn(path), { sliceSize: 10_000 });
  assert.deepEqual([sent.name, sent.size, sent.count, sent.sliceSize], ['payload.bin', 256_000, 26, 10_000]);
  assert.equal(sent.sha256, createHash('sha256').update(PAYLOAD).digest('hex'));
  const target = join(path, 'received');
  const url = new URL(`${server.url}/events?topic=files&start=earliest`);
  assert.deepEqual(await receiveFile(url, pathToFileURL(target)), sent);
  assert.deepEqual(await readFile(target), PAYLOAD);
  await sendFile(hub, ['files', 'more'], pathToFileURL(join(path, 'payload.bin')), { sliceSize: 10_000 });
  assert.equal(hub.stats().events, 52);
  assert.deepEqual(await receiveFile(hub.subscribe('more', { start: 'earliest' }), target), sent);
});

test('a file by a publisher, and out of a fetch body', async (t) => {
  const path = await temporary(t);
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  const publisher = new Publisher(server.url);
  t.after(() => publisher.close());
  const sent = await sendFile(publisher, 'files', PAYLOAD, { name: 'bytes', sliceSize: 50_000 });
  const target = join(path, 'received');
  const response = await fetch(`${server.url}/events?topic=files&start=earliest`);
  assert.deepEqual(await receiveFile(decode(response.body), target), sent);
  assert.deepEqual(await readFile(target), PAYLOAD);
});

test('slices go on where a reader was', async (t) => {
  const path = await temporary(t);
  const file = await payloadIn(path);
  const events = await all(slices(file, { sliceSize: 100_000 }));
  assert.deepEqual(events.map(({ data }) => JSON.parse(data).index), [0, 1, 2]);
  assert.deepEqual(await all(slices(file, { sliceSize: 100_000, lastEventId: events[0].id })), events.slice(1));
  assert.deepEqual(await all(slices(file, { sliceSize: 100_000, lastEventId: events[2].id })), []);
});

test('an endpoint of its own resumes', async (t) => {
  const path = await temporary(t);
  const file = await payloadIn(path);
  const asked = [];
  const { url } = await serve(t, async (request, response) => {
    const lastEventId = request.headers['last-event-id'] ?? '';
    asked.push(lastEventId);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let left = 3;
    for await (const event of slices(file, { sliceSize: 30_000, lastEventId })) {
      if (left-- === 0) return void response.destroy();
      if (!response.write(encode(event))) await once(response, 'drain');
    }
    response.end();
  });
  const target = join(path, 'received');
  const received = await receiveFile(connect(url, { retry: QUICK }), target);
  assert.deepEqual(await readFile(target), PAYLOAD);
  // Four connections of at most three slices each brought nine; a cut may lose what was on its way.
  assert.ok(asked.length >= 3);
  assert.equal(asked[0], '');
  for (const id of asked.slice(1)) assert.ok(id.startsWith(`${received.sha256.slice(0, 16)}-`));
});

test('slices within a pipeline', async (t) => {
  const path = await temporary(t);
  const file = await payloadIn(path);
  const { url } = await serve(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const encoded = async function* (events) {
      for await (const event of events) yield encode(event);
    };
    pipeline(slices(file), encoded, response).catch(() => {});
  });
  const target = join(path, 'received');
  await receiveFile(url, target);
  assert.deepEqual(await readFile(target), PAYLOAD);
});

test('a file that changes while it is sent', async (t) => {
  const file = await payloadIn(await temporary(t));
  const seen = [];
  await assert.rejects(
    async () => {
      for await (const event of slices(file, { sliceSize: 100_000 })) {
        seen.push(event);
        await truncate(file, 150_000);
      }
    },
    (error) => error instanceof SliceError && error.reason === 'changed' && /payload\.bin changed.*shorter/.test(error.message),
  );
  assert.equal(seen.length, 1);
});

test('what cannot be read or written', async (t) => {
  const path = await temporary(t);
  const hub = new Hub();
  const none = join(path, 'none');
  await assert.rejects(sendFile(hub, 'files', none), { code: 'ENOENT', errno: -2, path: none });
  await assert.rejects(sendFile(hub, 'files', path), { code: 'EISDIR' });
  await assert.rejects(sendFile(hub, 'files', '/dev/zero'), /no regular file/);
  await assert.rejects(sendFile(hub, 'files', 7), /must be a path or a Uint8Array/);
  await assert.rejects(sendFile(hub, 'files', PAYLOAD, { sliceSize: -1 }), TypeError);
  await assert.rejects(sendFile({}, 'files', PAYLOAD), /must be a Hub or a Publisher/);
  assert.equal(hub.stats().events, 0);

  await assert.rejects(receiveFile([], join(none, 'file')), { code: 'ENOENT' });
  await assert.rejects(receiveFile([], path), { code: 'EISDIR', path });
  await assert.rejects(receiveFile(7, none), TypeError);
  await assert.rejects(receiveFile([new Uint8Array(1)], none), /put decode\(\) around/);
  assert.deepEqual(await readdir(path), []);
});

test('a folder that nobody may write to, root neither', async () => {
  await assert.rejects(receiveFile([], '/proc/target'), { code: /^E[A-Z]+$/, path: '/proc/target' });
});

test('a target is replaced by a whole file only, and a name is no path', async (t) => {
  const path = await temporary(t);
  const target = join(path, 'target');
  await writeFile(target, 'before');
  const events = await all(slices(Buffer.from('what comes after'), { name: '../../escaped', sliceSize: 5 }));
  await assert.rejects(receiveFile(events.slice(0, 2), target), { reason: 'missing', expected: 2 });
  assert.equal(await readFile(target, 'utf8'), 'before');
  const seen = [];
  async function* watched() {
    for (const event of events) {
      seen.push([await readFile(target, 'utf8'), (await readdir(path)).length]);
      yield event;
    }
  }
  const received = await receiveFile(watched(), target);
  assert.equal(received.name, '../../escaped');
  assert.deepEqual(seen, Array(events.length).fill(['before', 2]));
  assert.equal(await readFile(target, 'utf8'), 'what comes after');
  assert.deepEqual(await readdir(path), ['target']);
  const plain = join(path, 'plain');
  await writeFile(plain, '');
  assert.equal((await stat(target)).mode, (await stat(plain)).mode);
});

test('a transfer that never ends can be aborted', async (t) => {
  const path = await temporary(t);
  const target = join(path, 'target');
  const [first] = await all(slices(Buffer.from('abc'), { sliceSize: 1 }));
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  await hub.publish('files', { event: first.event, data: first.data });
  let ended = false;
  async function* busy() {
    try {
      yield first;
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        yield { event: 'message', data: 'something else' };
      }
    } finally {
      ended = true;
    }
  }
  async function* silent() {
    yield first;
    await new Promise(() => {});
  }
  const sources = [busy(), silent(), `${server.url}/events?topic=files&start=earliest`];
  for (const source of sources) {
    const aborter = new AbortController();
    const receiving = receiveFile(source, target, { signal: aborter.signal });
    receiving.catch(() => {});
    // Half-way: the first slice is written.
    await until(async () => {
      const [name] = await readdir(path);
      return name !== undefined && (await stat(join(path, name))).size === 1;
    });
    aborter.abort(new Error('enough'));
    await assert.rejects(receiving, /enough/);
    assert.deepEqual(await readdir(path), []);
  }
  await until(() => ended);
  await assert.rejects(receiveFile([], target, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  await assert.rejects(receiveFile([], target, { signal: 7 }), /AbortSignal/);
});

test('a log that is too short is said', async (t) => {
  const path = await temporary(t);
  const hub = new Hub({ maxBytes: 100_000 });
  const server = await hub.listen();
  t.after(() => server.close());
  await sendFile(hub, 'files', PAYLOAD, { sliceSize: 10_000 });
  const url = `${server.url}/events?topic=files&start=earliest`;
  await assert.rejects(receiveFile(url, join(path, 'target')), (error) => {
    assert.deepEqual([error.reason, error.expected], ['missing', 0]);
    return /maxBytes/.test(error.message);
  });
  assert.deepEqual(await readdir(path), []);
});
