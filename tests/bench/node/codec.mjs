// node --expose-gc codec.mjs PLAN RESULTS FOLDER: times what the plan says, with the package eventwire that lies in the folder.
//
// It judges nothing: medians, ratios and targets are xtask's, the same for three languages.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { decoders } from './decoders.mjs';
import { longLine } from './long_line.mjs';
import { streams } from './streams.mjs';

const [planFile, resultsFile, folder] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const eventwire = require(folder);
const plan = JSON.parse(readFileSync(planFile, 'utf8'));

// Each decoder has a process of its own, as it has in a program that uses it: in a shared one, V8 compiles what they share (web streams,
// for one) for all of them at once, and the figures of one change with those that ran before it.
class Contestant {
  #child;

  constructor(name, path, chunk) {
    this.name = name;
    this.nanoseconds = [];
    this.#child = fork(fileURLToPath(new URL('contestant.mjs', import.meta.url)), [folder, name, path, String(chunk)]);
  }

  async ask(question) {
    const exit = new AbortController();
    const { signal } = exit;
    this.#child.send(question);
    const gone = once(this.#child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${this.name} has ended with ${code}`);
    });
    try {
      const [answer] = await Promise.race([once(this.#child, 'message', { signal }), gone]);
      return answer;
    } finally {
      exit.abort();
      await gone.catch(() => {});
    }
  }

  leave() {
    this.#child.disconnect();
  }
}

// One run that is checked, some to warm up, then rounds in which each decoder has its turn: what slows the machine down for a while
// slows all of them.
async function inTurn(names, path, chunk, rounds) {
  const contestants = names.map((name) => new Contestant(name, path, chunk));
  for (const contestant of contestants) {
    contestant.found = await contestant.ask('check');
    // A trial is not about times.
    await contestant.ask(rounds > 1 ? 'warm up' : 'run');
  }
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) contestant.nanoseconds.push(await contestant.ask('run'));
  }
  for (const contestant of contestants) contestant.leave();
  return contestants.map(({ name, found, nanoseconds }) => ({ decoder: name, found, nanoseconds }));
}

const names = (contestants) => contestants.map(({ name }) => name);
const series = [];
for (const { name: workload, path, chunks, stream_chunks: streamed } of plan.workloads) {
  const { length } = readFileSync(path);
  for (const chunk of chunks) {
    console.log(`${workload} in chunks of ${chunk} bytes`);
    const taking = [...names(decoders(eventwire)), ...(streamed.includes(chunk) ? names(streams(eventwire)) : [])];
    const runs = await inTurn(taking, path, chunk, plan.rounds);
    series.push(...runs.map((run) => ({ ...run, workload, chunk, bytes: length })));
  }
}

const version = (name) => require(`${name}/package.json`).version;
const versions = {
  node: process.versions.node,
  eventwire: version(folder),
  'eventsource-parser': version('eventsource-parser'),
  undici: version('undici'),
};

const long_line = plan.long_line ? await longLine(eventwire, plan.long_line, plan.rounds) : null;
writeFileSync(resultsFile, JSON.stringify({ versions, series, long_line }));
