// Prints a stream. It reconnects and resumes by itself; Ctrl-C ends it.
//
//     node subscribe.mjs 'http://127.0.0.1:8844/events?topic=numbers'

import { connect } from 'eventwire';

for await (const { id, event, data } of connect(process.argv[2])) {
  console.log(id, event, data);
}
