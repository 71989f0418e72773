// node --expose-gc codec.mjs PLAN RESULTS FOLDER: times what the plan says, with the package eventwire that lies in the folder.
//
// It judges nothing: medians, ratios and targets are xtask's, the same for three languages.

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { decoders } from './decoders.mjs';
import { longLine } from './long_line.mjs';
import { cut, Tally, timed } from './measure.mjs';
import { streams } from './streams.mjs';

const [planFile, resultsFile, folder] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const eventwire = require(folder);
const plan = JSON.parse(readFileSync(planFile, 'utf8'));

// One run that is checked and one to warm up, then rounds in which each decoder has its turn: what slows the machine down for a
// while slows all of them.
async function inTurn(contestants, chunks, rounds) {
  const runs = contestants.map(({ name, run }) => ({ name, run, found: null, nanoseconds: [] }));
  for (const contestant of runs) {
    const tally = new Tally(true);
    await contestant.run(chunks, tally);
    contestant.found = tally.found();
  }
  for (let round = 0; round <= rounds; round++) {
    for (const { run, found, nanoseconds } of runs) {
      const tally = new Tally(false);
      const took = await timed(() => run(chunks, tally));
      if (tally.events !== found.events) throw new Error('a decoder differs by itself');
      if (round > 0) nanoseconds.push(took);
    }
  }
  return runs.map(({ name, found, nanoseconds }) => ({ decoder: name, found, nanoseconds }));
}

const series = [];
for (const { name: workload, path, chunks: sizes, stream_chunks: streamed } of plan.workloads) {
  const bytes = readFileSync(path);
  for (const chunk of sizes) {
    console.log(`${workload} in chunks of ${chunk} bytes`);
    const contestants = [...decoders(eventwire), ...(streamed.includes(chunk) ? streams(eventwire) : [])];
    const runs = await inTurn(contestants, cut(bytes, chunk), plan.rounds);
    series.push(...runs.map((run) => ({ ...run, workload, chunk, bytes: bytes.length })));
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
