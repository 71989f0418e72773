// Reads COUNT events and rests a hundred times meanwhile: slow_consumer.mjs URL COUNT. Prints how many it got in order, and its
// memory after the first hundredth and at most, in KiB.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'eventwire';

const [url, count] = [process.argv[2], Number(process.argv[3])];
const held = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'))[1]);

let before = 0;
let number = 0;
for await (const event of connect(url)) {
  number += 1;
  if (event.id !== String(number)) throw new Error(`${event.id} came where ${number} was to come`);
  if (number % (count / 100) === 0) {
    before ||= held('VmRSS');
    await sleep(20);
  }
}
console.log(JSON.stringify({events: number, before, most: held('VmHWM')}));
