// Every JavaScript program of docs/ prints what its page says, and the table of differences is true.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { createParser } from 'eventsource-parser';
import { decode } from 'eventwire';
import { differences, ofPage, programs } from './pages.mjs';
import { run, serve } from './support.mjs';

// Answers with the stream in pieces that end anywhere, as a network may.
async function answers(t, stream) {
  const { url } = await serve(t, async (_, response) => {
    response.socket.setNoDelay(true);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const bytes = Buffer.from(stream);
    for (let at = 0; at < bytes.length; at += 5) {
      await new Promise((done) => response.write(bytes.subarray(at, at + 5), done));
    }
    response.end();
  });
  return new URL(url).host;
}

async function freeAddress() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

const all = programs('js');
for (const { page, line, source, stream, output } of all) {
  test(`${page}:${line}`, async (t) => {
    // Somebody may be using the port that people are shown.
    const address = stream === null ? await freeAddress() : await answers(t, stream);
    const { ended } = run(t, source.replaceAll('127.0.0.1:8844', address));
    const { code, output: printed, errors } = await ended;
    assert.deepEqual([code, errors], [0, '']);
    if (output !== null) assert.equal(printed, output);
  });
}

test('the programs before and after are there', () => {
  for (const [page, atLeast] of Object.entries({ 'binary-and-files.md': 3, 'decoding.md': 4, 'from-eventsource-parser.md': 6 })) {
    assert.ok(all.filter((program) => program.page === page).length >= atLeast, page);
  }
});

test('a block that nobody runs is an error', () => {
  assert.throws(() => [...ofPage('page.md', '# A page\n\n```ruby\nputs 1\n```\n')], /page.md:3: no test runs a block of `ruby`/);
  assert.throws(() => [...ofPage('page.md', '```js\n1\n')], /no end/);
  const text = '```output\n1\n```\n\n```console\n$ ls\n```\n```js\nconsole.log(1)\n```\n';
  assert.deepEqual([...ofPage('page.md', text)], [
    { page: 'page.md', line: 8, language: 'js', source: 'console.log(1)\n', stream: null, output: '1\n' },
  ]);
});

const shown = ({ data, id }) => (id ? `${data} (${id})` : data);

test('the table of differences to eventsource-parser', async () => {
  const rows = differences('from-eventsource-parser.md', 'eventsource-parser 3.1.1');
  assert.equal(rows.length, 3);
  for (const { chunks, theirs, ours } of rows) {
    const seen = [];
    const text = new TextDecoder();
    const parser = createParser({ onEvent: (event) => seen.push(shown(event)) });
    for (const chunk of chunks) parser.feed(text.decode(chunk, { stream: true }));
    assert.deepEqual(seen, theirs);
    const events = [];
    for await (const event of decode(chunks)) events.push(shown(event));
    assert.deepEqual(events, ours);
    assert.notDeepEqual(theirs, ours);
  }
});
