// How a server is reached: whom to trust, who to be, by which way; and what a stream tells of itself.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ConnectError, EventSource, Publisher, StatusError, connect } from 'eventwire';
import { QUICK, eventStream, run, serve } from './support.mjs';

const PROGRAMS = dirname(process.env.EVENTWIRE_FIXTURE_SERVER ?? fileURLToPath(new URL('../../target/debug/fixture-server', import.meta.url)));
const ONCE = { attempts: 1, base: 1, min: 1 };

// A server over TLS, with an authority of its own; it says whether a client has shown a certificate.
async function tls(t) {
  const program = spawn(join(PROGRAMS, 'tls-server'), { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => program.kill());
  const [line] = await once(createInterface({ input: program.stdout }), 'line');
  return JSON.parse(line);
}

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'eventwire-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

async function first(url, options) {
  for await (const { data } of connect(url, options)) return data;
  return null;
}

test('a server that nobody vouches for is refused', async (t) => {
  const { url } = await tls(t);
  await assert.rejects(first(url, { retry: ONCE }), (error) => error instanceof ConnectError && /certificate/.test(error.message));
});

test('verify takes an authority, as text, bytes or a path', async (t) => {
  const { url, ca } = await tls(t);
  const path = join(await folder(t), 'ca.pem');
  writeFileSync(path, ca);
  for (const verify of [ca, Buffer.from(ca), path]) assert.equal(await first(url, { verify, retry: ONCE }), 'unknown');
  const source = new EventSource(url, { verify: ca });
  t.after(() => source.close());
  const [{ data }] = await once(source, 'message');
  assert.equal(data, 'unknown');
});

test('cert says who one is, in one PEM or in two', async (t) => {
  const { url, ca, client } = await tls(t);
  const at = client.indexOf('-----BEGIN PRIVATE');
  // Attributes above, as some programs write them.
  const apart = { cert: client.slice(0, at), key: `Bag Attributes\n${client.slice(at)}` };
  for (const cert of [client, apart]) assert.equal(await first(url, { verify: ca, cert, retry: ONCE }), 'known');
});

test('verify: false is said out loud, once in a process', async (t) => {
  const { url } = await tls(t);
  const source = `
    import { connect } from 'eventwire';
    process.on('warning', ({ name, code }) => console.log(name, code));
    for (const _ of [1, 2]) for await (const { data } of connect(process.argv[1], { verify: false })) { console.log(data); break; }`;
  const { output, code } = await run(t, source, url).ended;
  assert.equal(code, 0);
  assert.deepEqual(output.trim().split('\n').sort(), ['EventwireWarning EVENTWIRE_UNVERIFIED', 'unknown', 'unknown']);
});

test('secrets follow redirects over TLS within an origin only', async (t) => {
  const { url, other, ca } = await tls(t);
  const headers = { authorization: 'Bearer secret', cookie: 'a=secret', 'x-own': 'kept' };
  const cases = [
    ['/told', `${url}told`, 'authorization cookie x-own'],
    [`${other}told`, `${other}told`, 'x-own'],
  ];
  for (const [to, at, told] of cases) {
    const stream = connect(`${url}to/${to}`, { verify: ca, headers, retry: ONCE });
    for await (const { data } of stream) {
      assert.equal(data, told);
      break;
    }
    assert.equal(stream.response.url, at);
  }
});

test('nobody is led from https to http', async (t) => {
  const { url, ca } = await tls(t);
  let came = 0;
  const plain = await serve(t, (_, response) => eventStream(response, `data: ${++came}\n\n`));
  await assert.rejects(first(`${url}to/${plain.url}`, { verify: ca, retry: ONCE }), (error) => {
    assert.ok(error instanceof StatusError, error);
    assert.equal(error.status, 307);
    assert.ok(error.message.includes(`redirects to ${plain.url}`), error.message);
    assert.match(error.message, /from https to http, which is not followed/);
    return true;
  });
  assert.equal(came, 0);
});

test('what is wrong is said, and no secret with it', () => {
  const cases = [
    [{ verify: 5 }, /verify .* must be the path/],
    [{ verify: '/no/such.pem' }, /verify cannot be read from \/no\/such.pem/],
    [{ verify: Buffer.from('nothing') }, /no certificate/],
    [{ cert: 'secret\nkey' }, /neither a path nor PEM/],
    [{ proxy: { https: 'http://me:secret@proxy' } }, /a URL, or false/],
    [{ proxy: 'proxy:3128' }, /scheme/],
    [{ cookies: 'a=secret' }, /an object of names and values/],
    [{ cookies: { 'a=b': 'secret' } }, /a=b/],
    [{ auth: { username: 'me' } }, /password/],
    [{ auth: { username: 'a:b', password: 'secret' } }, /no colon/],
  ];
  for (const [options, message] of cases) {
    for (const make of [connect, (url, options) => new Publisher(url, options)]) {
      assert.throws(
        () => make('http://127.0.0.1:1/', options),
        (error) => error instanceof TypeError && message.test(error.message) && !error.message.includes('secret'),
        JSON.stringify(options),
      );
    }
  }
});

test('a proxy over HTTP is asked with the whole address', async (t) => {
  const asked = [];
  const { url } = await serve(t, (request, response) => {
    asked.push([request.url, request.headers['proxy-authorization']]);
    eventStream(response, 'data: by proxy\n\n');
  });
  const proxy = url.replace('http://', 'http://me:secret@');
  assert.equal(await first('http://events.invalid/orders', { proxy, retry: ONCE }), 'by proxy');
  assert.deepEqual(asked, [['http://events.invalid/orders', `Basic ${btoa('me:secret')}`]]);
});

test('a proxy over SOCKS 5 carries the connection', async (t) => {
  const asked = [];
  const server = createServer((socket) => {
    // RFC 1928: the methods that the client knows, and the one that is taken; then whereto.
    const answers = [
      () => Buffer.from([5, 0]),
      (bytes) => {
        asked.push(bytes.subarray(5, 5 + bytes[4]).toString());
        return Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
      },
      () => 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: by socks\n\n',
    ];
    socket.on('data', (bytes) => socket.write(answers.shift()(bytes)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const proxy = `socks5h://127.0.0.1:${server.address().port}`;
  assert.equal(await first('http://events.invalid/orders', { proxy, retry: ONCE }), 'by socks');
  assert.deepEqual(asked, ['events.invalid']);
});

test('cookies go to their host, and what the server sets comes back', async (t) => {
  const sent = [];
  const { url } = await serve(t, (request, response) => {
    sent.push((request.headers.cookie ?? '').split('; ').sort());
    response.setHeader('set-cookie', 'node=b');
    eventStream(response, `data: ${sent.length}\n\n`);
    setImmediate(() => request.socket.resetAndDestroy());
  });
  const got = [];
  for await (const { data } of connect(url, { cookies: { session: '31d4' }, retry: QUICK })) if (got.push(data) === 2) break;
  assert.deepEqual(sent.slice(0, 2), [['session=31d4'], ['node=b', 'session=31d4']]);
});

test('auth is a name and a password', async (t) => {
  const sent = [];
  const { url } = await serve(t, (request, response) => {
    sent.push(request.headers.authorization);
    eventStream(response, 'data: x\n\n');
  });
  await first(url, { auth: { username: 'Aladdin', password: 'open sesame' } });
  // The example of RFC 7617, section 2.
  assert.deepEqual(sent, ['Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==']);
});

test('stats count what came', async (t) => {
  const body = ': hi\n\ndata: a\n\ndata: b\n\n';
  let connections = 0;
  const { url } = await serve(t, (request, response) => {
    eventStream(response, body);
    connections += 1;
    if (connections === 1) setImmediate(() => request.socket.resetAndDestroy());
  });
  const stream = connect(url, { retry: QUICK });
  assert.deepEqual(stream.stats, { bytes: 0, events: 0, comments: 0, reconnects: 0, sinceByte: null, sinceEvent: null });
  let count = 0;
  for await (const _ of stream) {
    count += 1;
    if (count < 4) continue;
    const { sinceByte, sinceEvent, ...counts } = stream.stats;
    assert.deepEqual(counts, { bytes: 2 * body.length, events: 4, comments: 2, reconnects: 1 });
    assert.ok(sinceByte >= 0 && sinceByte <= sinceEvent);
    break;
  }
});

test('the channel eventwire:stream tells what happens, and nothing that is secret', async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.setHeader('set-cookie', 'session=secret');
    if (request.headers['last-event-id'] === '1') return response.writeHead(204).end();
    return eventStream(response, 'id: 1\ndata: secret\n\n') ?? setImmediate(() => request.socket.resetAndDestroy());
  });
  const told = [];
  const listen = (message) => told.push(message);
  diagnostics.subscribe('eventwire:stream', listen);
  t.after(() => diagnostics.unsubscribe('eventwire:stream', listen));
  const address = `${url.replace('http://', 'http://me:secret@')}/?token=secret`;
  const stream = connect(address, { retry: QUICK });
  for await (const _ of stream);
  assert.deepEqual(told.map(({ type }) => type), ['opened', 'reconnecting', 'closed']);
  for (const { stream: from, ...message } of told) {
    assert.equal(from, stream);
    assert.equal(message.url, `${url}/?token=***`);
    assert.ok(!JSON.stringify({ ...message, reason: String(message.reason) }).includes('secret'), JSON.stringify(message));
  }
});
