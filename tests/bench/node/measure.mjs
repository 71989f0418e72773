// What all measurements share.

// The CPU time of a run, in nanoseconds: that of the whole process, so what the collector's threads do for a decoder is its own.
// The time in which the process had to wait for a processor does not count.
export async function timed(run) {
  // What the last one left behind is not this one's. The young generation only, where all of it is: with a full collection, V8 throws
  // the code away that was compiled for objects none of which is alive at that moment, and a run would measure its compiler.
  globalThis.gc({ type: 'minor' });
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) * 1000;
}

// The chunks of a stream, cut beforehand: to make a view costs as much as to decode an event.
export function cut(bytes, size) {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

// What a stream held. Every event is looked at as a program would: its data is read to the last character, since some parsers
// leave the work of joining strings to whoever reads them.
export class Tally {
  events = 0;
  #data = 0;
  #types = 0;
  #ids = 0;
  #last = 0;
  #thorough;

  // A thorough one counts bytes.
  constructor(thorough) {
    this.#thorough = thorough;
  }

  see(event, data, id) {
    this.events += 1;
    this.#last ^= data.charCodeAt(data.length - 1);
    if (this.#thorough) {
      this.#data += Buffer.byteLength(data);
      this.#types += Buffer.byteLength(event ?? 'message');
      this.#ids += Buffer.byteLength(id ?? '');
    }
  }

  found() {
    return { events: this.events, data: this.#data, types: this.#types, ids: this.#ids };
  }
}
