// Going on in another stream, by what was acknowledged, and by a cursor file.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { ClosedError, CursorError, Hub, connect } from 'eventwire';
import { eventStream, run, serve } from './support.mjs';

const folder = (t) => {
  const path = mkdtempSync(join(tmpdir(), 'eventwire-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
};
const saved = (path) => JSON.parse(readFileSync(path)).last_event_id;
const THREE = 'id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n';

const three = async (t) => {
  const asked = [];
  const { url } = await serve(t, (request, response) => {
    const after = Number(request.headers['last-event-id'] ?? 0);
    asked.push(after);
    eventStream(response, ...THREE.split(/(?<=\n\n)/).slice(after));
  });
  return { url, asked };
};

test('by hand the place is what was acknowledged last', async (t) => {
  const { url } = await three(t);
  const stream = connect(url, { ack: 'manual' });
  const events = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length < 3) continue;
    assert.equal(stream.lastEventId, '');
    stream.ack(events[1]);
    assert.equal(stream.lastEventId, '2');
    stream.ack(events[0]);
    assert.equal(stream.lastEventId, '1');
    break;
  }
});

test('a stream that acknowledges by itself cannot be told', async (t) => {
  const { url } = await three(t);
  const stream = connect(url);
  assert.throws(() => stream.ack({ id: '1' }), { name: 'TypeError', message: /ack=manual/ });
  assert.throws(() => stream.ack('1'), { name: 'TypeError' });
  assert.throws(() => connect(url, { ack: 'never' }), { name: 'TypeError', message: /must be auto or manual/ });
  stream.close();
});

test('another stream goes on after what was handed out, in every way to read', async (t) => {
  const { url, asked } = await three(t);
  const path = join(folder(t), 'place.cursor');
  for await (const event of connect(url, { cursorFile: path })) if (event.id === '1') break;
  assert.equal(saved(path), '1');
  for await (const item of connect(url, { cursorFile: pathToFileURL(path) }).items()) if (item.id === '2') break;
  assert.equal(saved(path), '2');
  const last = connect(url, { cursorFile: path, lastEventId: 'x' });
  assert.equal(last.lastEventId, '2');
  for await (const [event] of last.batches()) if (event.id === '3') break;
  assert.equal(saved(path), '3');
  assert.deepEqual(asked, [0, 1, 2]);
});

test('by hand a file holds only what was acknowledged', async (t) => {
  const { url, asked } = await three(t);
  const path = join(folder(t), 'place.cursor');
  const stream = connect(url, { ack: 'manual', cursorFile: path });
  for await (const event of stream) {
    if (event.id === '1') stream.ack(event);
    if (event.id === '3') break;
  }
  assert.equal(saved(path), '1');
  assert.throws(() => stream.ack({ id: '2' }), ClosedError);
  for await (const { data } of connect(url, { ack: 'manual', cursorFile: path })) {
    assert.equal(data, 'b');
    break;
  }
  assert.deepEqual(asked, [0, 1]);
});

test('where the stream begins is a place too', async (t) => {
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  const { lastEventId: start } = hub.stats();
  await hub.publish('a', 'x');
  const path = join(folder(t), 'place.cursor');
  const options = { params: { topic: 'a', start: 'earliest' }, ack: 'manual', cursorFile: path };
  for await (const { data } of connect(`${server.url}/events`, options)) {
    assert.equal(data, 'x');
    break;
  }
  assert.equal(saved(path), start);
});

test('a file that cannot be used says what to do', async (t) => {
  const { url } = await three(t);
  const path = join(folder(t), 'place.cursor');
  const stream = connect(url, { cursorFile: path });
  assert.throws(
    () => connect(url, { cursorFile: path }),
    (error) => error instanceof CursorError && error.path === path && /in use by another stream/.test(error.message),
  );
  stream.close();
  connect(url, { cursorFile: path }).close();
});

test('a place that cannot be written is not passed over', async (t) => {
  const { url } = await three(t);
  const gone = folder(t);
  const read = async (stream) => {
    for await (const item of stream.items()) if (item.kind === 'opened') rmSync(gone, { recursive: true });
  };
  await assert.rejects(read(connect(url, { cursorFile: join(gone, 'place') })), { name: 'CursorError', message: /cannot write/ });
});

test('on a full disk the place before stays, and it goes on when there is room', async (t) => {
  const { url, asked } = await three(t);
  const place = folder(t);
  const path = join(place, 'place.cursor');
  const first = async () => {
    for await (const { data } of connect(url, { cursorFile: path })) return data;
  };
  assert.equal(await first(), 'a');
  const program = `
    import { connect } from 'eventwire';
    const stream = connect(process.argv[1], { cursorFile: process.argv[2] });
    try {
      for await (const _ of stream);
    } catch ({ name, path, message }) {
      console.log(JSON.stringify({ name, path, message }));
    }`;
  // No file of this process may have a byte, as on a full disk; the signal would end it.
  const full = 'trap "" XFSZ; ulimit -S -f 0; exec "$0" "$@"';
  const args = ['-c', full, process.execPath, '--input-type=module', '-e', program, url, path];
  const { stdout } = await promisify(execFile)('sh', args, { cwd: fileURLToPath(new URL('..', import.meta.url)) });
  const { message, ...error } = JSON.parse(stdout);
  assert.deepEqual(error, { name: 'CursorError', path });
  assert.ok(message.includes(`cannot write the cursor file ${path}`), message);
  assert.match(message, /make room, and connect again/);
  assert.equal(saved(path), '1');
  assert.deepEqual(readdirSync(place).sort(), ['place.cursor', 'place.cursor.lock']);
  assert.equal(await first(), 'b');
  assert.equal(saved(path), '2');
  assert.deepEqual(asked, [0, 1, 1]);
});

test('a close, and an abort, say that the place could not be written', async (t) => {
  const { url } = await three(t);
  for (const by of ['close', 'abort']) {
    const gone = folder(t);
    const controller = new AbortController();
    const stream = connect(url, { ack: 'manual', cursorFile: join(gone, 'place'), signal: controller.signal });
    const events = stream[Symbol.asyncIterator]();
    const { value: event } = await events.next();
    rmSync(gone, { recursive: true });
    // It may be known at once, or not before the end.
    await assert.rejects(async () => {
      stream.ack(event);
      if (by === 'close') return stream.close();
      controller.abort();
      while (!(await events.next()).done);
    }, CursorError);
    stream.close();
  }
});

test('the end of a process saves the place', async (t) => {
  const { url } = await three(t);
  const path = join(folder(t), 'place.cursor');
  const { ended } = run(
    t,
    `import { connect } from 'eventwire';
     for await (const { data } of connect(process.argv[1], { cursorFile: process.argv[2] })) if (data === 'c') process.exit(0);`,
    url,
    path,
  );
  const { code, errors } = await ended;
  assert.deepEqual([code, errors], [0, '']);
  assert.equal(saved(path), '3');
});
