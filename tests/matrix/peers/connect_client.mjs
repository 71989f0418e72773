// The client of the matrix in Node, by connect: connect_client.mjs URL. ../README.md has its protocol.

import { connect } from 'eventwire';
import { atEndOfInput, say } from './reports.mjs';

const stream = connect(process.argv[2]);
atEndOfInput(() => stream.close());

try {
  for await (const item of stream.items()) {
    switch (item.kind) {
      case 'opened':
        say({kind: 'opened'});
        break;
      case 'event':
        say({kind: 'event', event: item.event, data: item.data, id: item.id});
        break;
      case 'reset':
        say({kind: 'reset', requested: item.requested, reason: item.reason, first: item.first});
        break;
      case 'reconnecting':
        say({kind: 'reconnecting', error: String(item.reason)});
        break;
    }
  }
  say({kind: 'closed'});
} catch (error) {
  say({kind: 'error', error: String(error)});
  process.exitCode = 1;
  process.stdin.destroy();
}
