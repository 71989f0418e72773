// node --expose-gc contestant.mjs FOLDER DECODER STREAM CHUNK: one decoder over one stream, in a process of its own; codec.mjs forks it.
//
// It is asked with 'check', 'warm up' and 'run', as often as is wanted, and answers each.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { decoders } from './decoders.mjs';
import { cut, Tally, timed } from './measure.mjs';
import { streams } from './streams.mjs';

const [folder, name, stream, chunk] = process.argv.slice(2);
const eventwire = createRequire(import.meta.url)(folder);
const { run } = [...decoders(eventwire), ...streams(eventwire)].find((one) => one.name === name);
const chunks = cut(readFileSync(stream), Number(chunk));

// How much CPU time V8 is given to compile what a decoder needs, in nanoseconds: the slowest, those of web streams, took half of it.
const WARM_UP = 2e9;

let found;

async function once() {
  const tally = new Tally(false);
  const took = await timed(() => run(chunks, tally));
  if (tally.events !== found.events) throw new Error(`${name} differs by itself`);
  return took;
}

const answers = {
  async check() {
    const tally = new Tally(true);
    await run(chunks, tally);
    found = tally.found();
    return found;
  },
  async 'warm up'() {
    for (let spent = 0; spent < WARM_UP; ) spent += await once();
    return null;
  },
  run: once,
};

process.on('message', async (question) => process.send(await answers[question]()));
