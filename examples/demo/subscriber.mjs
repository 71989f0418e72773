// The subscriber of the demo in Node.
//
//     node subscriber.mjs 'http://127.0.0.1:8844/events?topic=demo'
//
// It prints what it gets, as JSON lines with --json, and closes when its standard input ends.

import { connect } from 'eventwire';

const json = process.argv.includes('--json');
const url = process.argv.slice(2).find((argument) => argument !== '--json');
const show = (text, line) => console.log(json ? JSON.stringify(line) : text);

const stream = connect(url);
process.stdin.on('end', () => stream.close()).resume();

try {
  for await (const item of stream.items()) {
    const { kind } = item;
    if (kind === 'opened') {
      show('open', { kind });
    } else if (kind === 'event') {
      const { event, data, id } = item;
      show(`${id} ${event}: ${data}`, { kind, event, data, id });
    } else if (kind === 'reset') {
      const { requested, reason, first } = item;
      show(`reset (${reason}): some events are gone`, { kind, requested, reason, first });
    } else if (kind === 'reconnecting') {
      show(`reconnecting: ${item.reason}`, { kind, error: String(item.reason) });
    }
  }
  show('closed', { kind: 'closed' });
} catch (error) {
  show(`error: ${error.message}`, { kind: 'error', error: String(error) });
  process.exitCode = 1;
  // What still waits for its end must not keep the process.
  process.stdin.destroy();
}
