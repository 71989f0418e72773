// What a process with streams does: stays alive, ends, is interrupted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { EventSource, Hub, connect } from 'eventwire';
import { eventStream, run, serve, until } from './support.mjs';

const open = (t) => serve(t, (_, response) => eventStream(response, 'data: x\n\n'));

test('Ctrl-C ends a script that waits for events', async (t) => {
  const { url } = await open(t);
  const { child, ended, printed } = run(
    t,
    `import { connect } from 'eventwire';
     for await (const event of connect(process.argv[1])) console.log('got', event.data);`,
    url,
  );
  await printed('got x');
  child.kill('SIGINT');
  const { signal, errors } = await ended;
  assert.equal(signal, 'SIGINT');
  assert.equal(errors, '');
});

test('a script ends by itself when its streams have', async (t) => {
  const { url } = await open(t);
  const { ended } = run(
    t,
    `import { EventSource, Hub, connect } from 'eventwire';
     for await (const event of connect(process.argv[1])) break;
     const source = new EventSource(process.argv[1]);
     source.onmessage = () => source.close();
     const server = await new Hub().listen();
     await server.drain(1000);
     console.log('last line');`,
    url,
  );
  const { code, output, errors } = await ended;
  assert.deepEqual([code, output, errors], [0, 'last line\n', '']);
});

test('streams that nobody awaits, and unrefed ones, do not keep it alive; an EventSource does', async (t) => {
  const { url } = await open(t);
  const idle = run(
    t,
    `import { EventSource, connect } from 'eventwire';
     const abandoned = connect(process.argv[1]).items();
     await abandoned.next();
     new EventSource(process.argv[1]).unref();
     const stream = connect(process.argv[1]).unref();
     const events = stream[Symbol.asyncIterator]();
     await events.next;
     events.next().then(() => events.next());
     console.log('done');`,
    url,
  );
  assert.equal((await idle.ended).code, 0);
  const busy = run(
    t,
    `import { EventSource } from 'eventwire';
     const source = new EventSource(process.argv[1]);
     setTimeout(() => { source.onmessage = null; console.log('still here'); source.close(); }, 50).unref();`,
    url,
  );
  assert.equal((await busy.ended).output, 'still here\n');
});

test('a server listens on though nobody keeps it; a stream that was dropped half read ends', async (t) => {
  const { ended } = run(
    t,
    `import { Hub, connect } from 'eventwire';
     const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
     const hub = new Hub({ heartbeat: null });
     await hub.publish('a', 'x');
     const url = (await hub.listen()).url;
     for (let n = 0; n < 10; n++) await turn(gc());
     const read = () => connect(url + '/events?topic=a&start=earliest')[Symbol.asyncIterator]().next();
     for (let n = 0; n < 5; n++) console.log((await read()).value.data);
     while (hub.stats().subscribers > 0) await turn(gc());
     const waiting = (async () => { for await (const event of connect(url + '/events?topic=b')) return event.data; })();
     while (hub.stats().subscribers === 0) await turn();
     for (let n = 0; n < 10; n++) await turn(gc());
     await hub.publish('b', 'y');
     console.log(await waiting);
     process.exit();`,
  );
  const { code, output, errors } = await ended;
  assert.deepEqual([code, output, errors], [0, 'x\nx\nx\nx\nx\ny\n', '']);
});

test('process.exit with open streams neither hangs nor crashes', async (t) => {
  const { url } = await open(t);
  const { ended } = run(
    t,
    `import { Hub, connect } from 'eventwire';
     const server = await new Hub().listen();
     for await (const event of connect(process.argv[1])) process.exit(3);`,
    url,
  );
  const { code, errors } = await ended;
  assert.deepEqual([code, errors], [3, '']);
});

test('a worker that is terminated with open streams takes nothing else with it', async (t) => {
  const hub = new Hub();
  const server = await hub.listen();
  t.after(() => server.close());
  const source = `
    const { connect } = require(${JSON.stringify(new URL('../lib/index.js', import.meta.url).pathname)});
    const { parentPort } = require('node:worker_threads');
    (async () => {
      for await (const item of connect(${JSON.stringify(`${server.url}/events?topic=a`)}).items()) parentPort.postMessage(item.kind);
    })();`;
  for (let n = 0; n < 3; n++) {
    const worker = new Worker(source, { eval: true });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
  }
  await until(() => hub.stats().subscribers === 0);
  const subscription = hub.subscribe('a');
  await hub.publish('a', 'still here');
  for await (const event of subscription) {
    assert.equal(event.data, 'still here');
    break;
  }
  const streams = Array.from({ length: 10 }, () => connect(`${server.url}/events?topic=a&start=earliest`));
  for (const stream of streams) {
    for await (const event of stream) {
      assert.equal(event.data, 'still here');
      break;
    }
  }
  new EventSource(`${server.url}/events?topic=a`).close();
});
