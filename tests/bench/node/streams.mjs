// Bytes and events through web streams, as from the body of a `fetch`.

import { EventSourceParserStream } from 'eventsource-parser/stream';

// Always ready, and asked for one chunk after the other.
function body(chunks) {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      if (next < chunks.length) controller.enqueue(chunks[next++]);
      else controller.close();
    },
  });
}

export const streams = ({ EventDecoderStream, decode }) => [
  {
    name: 'eventwire, EventDecoderStream',
    async run(chunks, tally) {
      const events = body(chunks).pipeThrough(new EventDecoderStream());
      for await (const { event, data, id } of events) tally.see(event, data, id);
    },
  },
  {
    name: 'eventwire, EventDecoderStream of batches',
    async run(chunks, tally) {
      const batches = body(chunks).pipeThrough(new EventDecoderStream({ batches: true }));
      for await (const batch of batches) {
        for (const { event, data, id } of batch) tally.see(event, data, id);
      }
    },
  },
  {
    name: 'eventwire, decode(body)',
    async run(chunks, tally) {
      for await (const { event, data, id } of decode(body(chunks))) tally.see(event, data, id);
    },
  },
  {
    name: 'TextDecoderStream + EventSourceParserStream',
    async run(chunks, tally) {
      const events = body(chunks).pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      for await (const { event, data, id } of events) tally.see(event, data, id);
    },
  },
];
