// Runs tests/fixtures/llm: streams of language models, in every chunking.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { decode } from 'eventwire';

const folder = new URL('../../tests/fixtures/llm/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.txt')).map((name) => name.slice(0, -4));

// What a reader makes of one event, in the fixtures' words; true at the end.
const shapes = {
  openai(told, { data }) {
    if (data === '[DONE]') return (told.end = 'done');
    const { choices, usage, error } = JSON.parse(data);
    if (error) return fail(told, error);
    for (const { delta, finish_reason: reason } of choices) {
      told.text += delta.content ?? '';
      for (const call of delta.tool_calls ?? []) told.arguments += call.function.arguments;
      told.stop = reason ?? told.stop;
    }
    told.output_tokens = usage?.completion_tokens ?? told.output_tokens;
  },
  anthropic(told, { event, data }) {
    const { type, delta, usage, error } = JSON.parse(data);
    assert.equal(type, event, 'the type is said twice');
    switch (event) {
      case 'content_block_delta':
        told.text += delta.text ?? '';
        told.arguments += delta.partial_json ?? '';
        break;
      case 'message_delta':
        told.stop = delta.stop_reason;
        told.output_tokens = usage.output_tokens;
        break;
      case 'message_stop':
        return (told.end = 'done');
      case 'error':
        return fail(told, error);
    }
  },
};

const fail = (told, { type, message }) => Object.assign(told, { end: 'error', error: `${type}: ${message}` });

async function read(shape, chunks) {
  const told = { text: '', arguments: '', stop: null, output_tokens: null, end: 'cut', error: null };
  for await (const event of decode(chunks)) if (shapes[shape](told, event)) break;
  return told;
}

function* chunkings(input) {
  yield ['whole', [input]];
  const bytes = Array.from(input, (_, at) => input.subarray(at, at + 1));
  yield ['byte by byte', bytes];
  yield ['byte by byte, with empty chunks', bytes.flatMap((byte) => [byte, new Uint8Array(0)])];
  for (let at = 0; at <= input.length; at++) yield [`split at ${at}`, [input.subarray(0, at), input.subarray(at)]];
}

const seen = [];
for (const name of names) {
  test(`${name} in every chunking`, async () => {
    const { shape, why, ...expect } = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
    assert.ok(why, 'a fixture says why it is there');
    const input = readFileSync(new URL(`${name}.txt`, folder));
    for (const [how, chunks] of chunkings(input)) assert.deepEqual(await read(shape, chunks), expect, how);
    seen.push(shape);
  });
}

test('both shapes were run', () => {
  for (const shape of Object.keys(shapes)) assert.ok(seen.filter((of) => of === shape).length >= 3, shape);
});
