// Bytes in by a call, events out. Each has a loop of its own, so that V8 compiles it for that one alone.

import { createRequire } from 'node:module';
import { StringDecoder } from 'node:string_decoder';

import { createParser } from 'eventsource-parser';

// What undici's EventSource parses with; it exports no entry for it.
const { EventSourceStream } = createRequire(import.meta.url)('undici/lib/web/eventsource/eventsource-stream.js');

export const decoders = ({ Decoder }) => [
  {
    name: 'eventwire, feed',
    run(chunks, tally) {
      const decoder = new Decoder();
      for (const chunk of chunks) {
        for (const { event, data, id } of decoder.feed(chunk)) tally.see(event, data, id);
      }
    },
  },
  {
    name: 'eventsource-parser + TextDecoder',
    run(chunks, tally) {
      const parser = createParser({ onEvent: ({ event, data, id }) => tally.see(event, data, id) });
      const text = new TextDecoder();
      for (const chunk of chunks) parser.feed(text.decode(chunk, { stream: true }));
    },
  },
  {
    name: 'eventsource-parser + StringDecoder',
    run(chunks, tally) {
      const parser = createParser({ onEvent: ({ event, data, id }) => tally.see(event, data, id) });
      const text = new StringDecoder();
      for (const chunk of chunks) parser.feed(text.write(chunk));
    },
  },
  {
    name: 'undici',
    run(chunks, tally) {
      // As its EventSource makes it. A transform of node:stream, called without the stream around it.
      const push = ({ type, options: { data, lastEventId } }) => tally.see(type, data, lastEventId);
      const parser = new EventSourceStream({ eventSourceSettings: {}, push });
      const done = (error) => {
        if (error) throw error;
      };
      for (const chunk of chunks) parser._transform(chunk, 'buffer', done);
    },
  },
];
