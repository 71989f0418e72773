// The programs of the pages in docs/. CONTRIBUTING.md says how a page is written. The same reading of pages, for their other
// languages, is in `python/tests/pages.py` and `tests/rust/src/pages.rs`.

import { readFileSync, readdirSync } from 'node:fs';

const docs = new URL('../../docs/', import.meta.url);
// What is run (each runner takes those of its own language), and what is only shown.
const LANGUAGES = ['python', 'js', 'rust'];
const SHOWN = ['console'];

// Each block in this language, with the stream that it reads and the output that it is to have.
export function programs(language) {
  const pages = readdirSync(docs).filter((name) => name.endsWith('.md')).sort();
  return pages.flatMap((page) => [...ofPage(page, readFileSync(new URL(page, docs), 'utf8'))]).filter((of) => of.language === language);
}

export function* ofPage(page, text) {
  let stream = null;
  let output = null;
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    if (!lines[at].trimStart().startsWith('```')) continue;
    const kind = lines[at].trim().slice(3);
    const line = at + 1;
    const end = lines.findIndex((inner, index) => index > at && inner.trim() === '```');
    if (end < 0) throw new Error(`${page}:${line}: the block has no end`);
    const source = lines.slice(at + 1, end).map((inner) => `${inner}\n`).join('');
    at = end;
    if (kind === 'event-stream') stream = source;
    else if (kind === 'output') output = source;
    else if (LANGUAGES.includes(kind)) yield { page, line, language: kind, source, stream, output };
    else if (!SHOWN.includes(kind)) throw new Error(`${page}:${line}: no test runs a block of \`${kind}\``);
  }
}

// The rows of a page's table of streams: the chunks, what the other library makes of them, and what eventwire does.
export function differences(page, other) {
  const lines = readFileSync(new URL(page, docs), 'utf8').split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| chunks | ${other} | eventwire |`));
  const rest = lines.slice(head + 2);
  const rows = rest.slice(0, rest.findIndex((line) => !line.startsWith('|')));
  return rows.map((row) => {
    const [chunks, theirs, ours] = [...row.matchAll(/`([^`]*)`/g)].map(([, cell]) => JSON.parse(cell));
    return { chunks: chunks.map(asBytes), theirs, ours };
  });
}

const asBytes = (chunk) => (chunk.startsWith('hex:') ? Buffer.from(chunk.slice(4), 'hex') : Buffer.from(chunk));
