// The examples for language models, run as a user runs them, against a server that has the streams of tests/fixtures/llm.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { test } from 'node:test';
import { start } from './support.mjs';

const folder = new URL('../../tests/fixtures/llm/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.txt')).map((name) => name.slice(0, -4));

// Answers `POST /NAME` with that stream, in small pieces.
async function serve(t) {
  const asked = [];
  const server = createServer(async (request, response) => {
    asked.push({ headers: request.headers, ...(await json(request)) });
    const path = new URL(`.${request.url}.txt`, folder);
    if (!existsSync(path)) return response.writeHead(429).end('slow down');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const bytes = readFileSync(path);
    for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

async function run(t, name, url) {
  const { lines, code, errors } = await start(t, `llm_${name.split('-')[0]}.mjs`, `${url}/${name}`, 'tern', 'Why?').rest();
  return { output: lines.join('\n'), code, errors };
}

for (const name of names) {
  test(`${name}: the answer is printed`, async (t) => {
    const { text, output_tokens: tokens, end, error } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
    const { url, asked } = await serve(t);
    const { output, code, errors } = await run(t, name, url);
    // As lines: U+2028 ends one for readline too.
    const lines = (said) => said.split(/[\n\u2028]/);
    assert.deepEqual(lines(output), lines(text + (tokens ? `\n[${tokens} tokens]` : '')));
    const said = { done: '', error: `\nerror: ${error}\n`, cut: '\nerror: the stream was over before its message_stop\n' };
    assert.deepEqual([errors, code], [said[end], end === 'done' ? 0 : 1]);
    assert.equal(asked.length, 1);
    assert.deepEqual([asked[0].stream, asked[0].messages], [true, [{ role: 'user', content: 'Why?' }]]);
  });
}

for (const shape of ['openai', 'anthropic']) {
  test(`${shape}: what the service says is shown`, async (t) => {
    const { url } = await serve(t);
    const { code, errors } = await run(t, `${shape}-none`, url);
    assert.deepEqual([code, errors], [1, `\nerror: ${url}/${shape}-none answered 429: slow down\n`]);
    const failed = await run(t, `${shape}-none`, 'http://127.0.0.1:9');
    assert.equal(failed.code, 1);
    assert.match(failed.errors, /^\nerror: fetch failed: .*\n$/);
  });
}
