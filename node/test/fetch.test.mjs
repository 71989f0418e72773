// Streams over a `fetch` that is given.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ConnectError, EventSource, StatusError, StreamTimeoutError, connect } from 'eventwire';
import { QUICK, eventStream, run, serve, until } from './support.mjs';

const STREAM = { 'content-type': 'text/event-stream' };

test('the global fetch carries a stream, with what resumes it', async (t) => {
  const asked = [];
  const { url } = await serve(t, async (request, response) => {
    const { method, headers } = request;
    asked.push([method, headers['last-event-id'], headers.accept, headers['x-y'], Buffer.concat(await request.toArray()).toString()]);
    eventStream(response, `id: é${asked.length}\ndata: ${asked.length}\n\n`);
    if (asked.length === 1) response.end();
  });
  const options = { fetch, method: 'POST', headers: { 'x-y': 'z' }, body: 'hello', retry: { ...QUICK, resendBody: true } };
  const stream = connect(url, options);
  const seen = [];
  for await (const { data, id } of stream) {
    seen.push([data, id]);
    if (data === '2') stream.close();
  }
  assert.deepEqual(seen, [
    ['1', 'é1'],
    ['2', 'é2'],
  ]);
  assert.equal(stream.response.status, 200);
  // The id's bytes, as node:http shows them.
  const id = Buffer.from('é1').toString('latin1');
  assert.deepEqual(asked, [
    ['POST', undefined, 'text/event-stream', 'z', 'hello'],
    ['POST', id, 'text/event-stream', 'z', 'hello'],
  ]);
});

test('what fetch decompresses is not decompressed again', async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.writeHead(200, { ...STREAM, 'content-encoding': 'gzip' });
    response.write(gzipSync('id: 1\ndata: a\n\n'));
  });
  const stream = connect(url, { fetch });
  for await (const { data, id } of stream) {
    assert.deepEqual([data, id], ['a', '1']);
    stream.close();
  }
  // As fetch tells it, although it is no longer so.
  assert.equal(stream.response.headers.get('content-encoding'), 'gzip');
});

test('redirects are followed by the rules of the core, and secrets stay behind', async (t) => {
  const other = await serve(t, (request, response) => eventStream(response, `data: ${request.headers.authorization ?? 'none'}\n\n`));
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/first') response.writeHead(307, { location: '/second' }).end();
    else response.writeHead(302, { location: `${other.url}/third` }).end();
  });
  const stream = connect(`${url}/first`, { fetch, headers: { authorization: 'secret' } });
  for await (const { data } of stream) {
    assert.equal(data, 'none');
    stream.close();
  }
  assert.equal(stream.response.url, `${other.url}/third`);
});

test('what fetch throws is a connection error with its cause, and is tried again', async () => {
  const thrown = [new TypeError('no network', { cause: new Error('ECONNREFUSED') }), new Error('still none')];
  let calls = 0;
  const failing = async () => {
    throw thrown[calls++] ?? new Error('too often');
  };
  const stream = connect('http://test/events', { fetch: failing, retry: { ...QUICK, attempts: 1 } });
  const items = [];
  await assert.rejects(
    async () => {
      for await (const item of stream.items()) items.push(item);
    },
    (error) => error instanceof ConnectError && error.cause === thrown[1] && /still none/.test(error.message),
  );
  assert.deepEqual(items.map(({ kind }) => kind), ['reconnecting', 'closed']);
  assert.equal(items[0].reason.cause, thrown[0]);
  assert.match(items[0].reason.message, /no network: ECONNREFUSED/);
  assert.equal(items[1].error.cause, thrown[1]);
  assert.ok(!Object.keys(items[0].reason).includes('cause'));
  assert.equal(calls, 2);
});

test('what fetch hides is said, and not tried again', async () => {
  let calls = 0;
  const cases = [
    [{ type: 'opaqueredirect', status: 0 }, /opaque redirect/],
    [{ type: 'opaque', status: 0 }, /no-cors/],
    [undefined, /no Response/],
    [{ status: 200, headers: new Headers(STREAM), body: new ReadableStream({ start: (c) => c.enqueue('text') }) }, /no bytes but a string/],
  ];
  for (const [answer, what] of cases) {
    const hiding = async () => (calls++, answer);
    await assert.rejects(
      async () => {
        for await (const _ of connect('http://test/events', { fetch: hiding, retry: QUICK }));
      },
      (error) => error instanceof ConnectError && what.test(error.message),
    );
  }
  assert.equal(calls, cases.length);
});

test('statuses are judged by the core', async (t) => {
  let requests = 0;
  const { url } = await serve(t, (request, response) => {
    requests++;
    if (request.url === '/busy' && requests === 1) response.writeHead(503).end('later');
    else response.writeHead(request.url === '/busy' ? 204 : 404).end('nothing here');
  });
  for await (const _ of connect(`${url}/busy`, { fetch, retry: QUICK })) assert.fail('no event');
  assert.equal(requests, 2);
  await assert.rejects(
    async () => {
      for await (const _ of connect(`${url}/none`, { fetch }));
    },
    (error) => error instanceof StatusError && error.status === 404 && error.body === 'nothing here',
  );
});

test('a body is read on only as its events are taken, and cancelled at the close', async () => {
  const encoder = new TextEncoder();
  let pulled = 0;
  let cancelled = false;
  const body = new ReadableStream(
    {
      pull: (controller) => controller.enqueue(encoder.encode(`data: ${pulled++}\n\n`)),
      cancel: () => void (cancelled = true),
    },
    { highWaterMark: 0 },
  );
  const stream = connect('http://test/', { fetch: async () => new Response(body, { headers: STREAM }), mailbox: 100 });
  const events = stream[Symbol.asyncIterator]();
  const { value } = await events.next();
  assert.equal(value.data, '0');
  // It fills the mailbox, and then stands still however long nobody takes anything.
  let before = -1;
  while (before !== pulled) {
    before = pulled;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(pulled < 20, `${pulled} chunks were read for one event`);
  for (let next = 1; next < 200; next++) assert.equal((await events.next()).value.data, String(next));
  stream.close();
  await until(() => cancelled);
});

test('a request that is not answered is aborted by the idle clock, and by close', async () => {
  const signals = [];
  const silent = (_, { signal }) => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  const given = { fetch: silent, idleTimeout: 20, retry: { ...QUICK, attempts: 1 } };
  await assert.rejects(
    async () => {
      for await (const _ of connect('http://test/', given));
    },
    (error) => error instanceof StreamTimeoutError && error.clock === 'idle',
  );
  await until(() => signals.length === 2 && signals.every(({ aborted }) => aborted));
  const stream = connect('http://test/', { fetch: silent });
  const ended = (async () => {
    for await (const _ of stream) assert.fail('no event');
  })();
  await until(() => signals.length === 3);
  stream.close();
  await ended;
  await until(() => signals[2].aborted);
});

test('an answer that comes after the close is cancelled', async () => {
  let answer;
  let cancelled = false;
  const late = () => new Promise((resolve) => (answer = resolve));
  const stream = connect('http://test/', { fetch: late });
  const ended = (async () => {
    for await (const _ of stream) assert.fail('no event');
  })();
  await until(() => answer);
  stream.close();
  await ended;
  // The order to drop it comes by way of the stream's task.
  await new Promise((resolve) => setTimeout(resolve, 50));
  answer(new Response(new ReadableStream({ cancel: () => void (cancelled = true) }), { headers: STREAM }));
  await until(() => cancelled);
});

test('EventSource takes a fetch too', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response, 'id: 1\ndata: a\n\n'));
  const inits = [];
  const source = new EventSource(url, { withCredentials: true, fetch: (...given) => (inits.push(given[1]), fetch(...given)) });
  const [event] = await once(source, 'message');
  assert.deepEqual([event.data, event.origin, source.lastEventId], ['a', url, '1']);
  assert.deepEqual([inits[0].credentials, inits[0].redirect], ['include', 'manual']);
  source.close();
});

test('a fetch that is none is a wrong argument', () => {
  assert.throws(() => connect('http://test/', { fetch: 'fetch' }), /fetch of the options of connect must be a function/);
  assert.throws(() => new EventSource('http://test/', { fetch: {} }), TypeError);
});

test('an option that only its own client could keep is refused beside fetch, and says what to do', async (t) => {
  const cases = [
    [{ connectTimeout: 1000 }, /connect\.timeout.*idleTimeout/],
    [{ verify: false }, /connect\.ca/],
    [{ verify: true }, /connect\.ca/],
    [{ cert: 'me.pem' }, /connect\.key/],
    [{ proxy: 'http://127.0.0.1:1' }, /ProxyAgent/],
    [{ proxy: false }, /ProxyAgent/],
    [{ cookies: {} }, /cookie header/],
  ];
  for (const [options, instead] of cases) {
    const [name] = Object.keys(options);
    for (const make of [connect, (...given) => new EventSource(...given)]) {
      if (name === 'connectTimeout' && make !== connect) continue;
      assert.throws(
        () => make('http://127.0.0.1:1/', { ...options, fetch }),
        (error) => error instanceof TypeError && error.message.startsWith(`${name} of the `) && instead.test(error.message),
        name,
      );
    }
  }
  // These go with every request, whoever carries it.
  const { url } = await serve(t, ({ headers }, response) => eventStream(response, `data: ${headers.authorization}\n\n`));
  const given = { fetch, auth: { username: 'a', password: 'b' }, verify: undefined, connectTimeout: undefined };
  for await (const { data } of connect(url, given)) {
    assert.equal(data, `Basic ${btoa('a:b')}`);
    break;
  }
});

test('a process ends though a stream over fetch was made and never read, or was closed', async (t) => {
  const { url } = await serve(t, (_, response) => eventStream(response, 'data: x\n\n'));
  const { ended } = run(
    t,
    `import { connect } from 'eventwire';
     connect(process.argv[1], { fetch });
     const stream = connect(process.argv[1], { fetch });
     for await (const { data } of stream) { console.log(data); break; }`,
    url,
  );
  assert.deepEqual(await ended, { code: 0, signal: null, output: 'x\n', errors: '' });
});
