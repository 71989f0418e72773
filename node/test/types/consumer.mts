// Uses the package as a stranger would; `tsc` checks it, nothing runs it.
import {
  Assembly,
  DataError,
  Decoder,
  EventDecoderStream,
  EventSource,
  Hub,
  Publisher,
  type Publication,
  SliceError,
  StatusError,
  binary,
  bytes as bytesOf,
  connect,
  decode,
  encode,
  receiveFile,
  sendFile,
  slices,
  type DecodedComment,
  type StreamEvent,
} from 'eventwire';
import { Script, ScriptedServer } from 'eventwire/testing';

const bytes: Uint8Array = encode({ data: 'hello', event: 'greeting', id: '1', retry: 1000, comment: 'hi' });
const events: StreamEvent[] = new Decoder({ maxLine: 100 }).feed(bytes);
const mixed = new Decoder<StreamEvent | DecodedComment>({ comments: true });
for (const item of mixed.feed(bytes)) {
  const text: string = 'comment' in item ? item.comment : item.data;
  void text;
}

const response = await fetch('http://127.0.0.1:8844/events?topic=a');
for await (const event of decode(response.body)) {
  const { data, id }: { data: string; id: string } = event;
  void [data, id];
}
const single: ReadableStream<StreamEvent> = new EventDecoderStream().readable;
const batches: ReadableStream<StreamEvent[]> = new EventDecoderStream({ batches: true }).readable;
const commented: ReadableStream<(StreamEvent | DecodedComment)[]> = new EventDecoderStream({ batches: true, comments: true })
  .readable;
for await (const item of decode(response.body, { comments: true })) {
  const text: string = 'comment' in item ? item.comment : item.data;
  void text;
}
void commented;

const stream = connect(new URL('http://127.0.0.1:8844/events'), {
  params: { topic: 'a', start: null, page: undefined },
  headers: { authorization: 'Bearer x' },
  retry: { base: 100, attempts: 3, deadline: null },
  signal: AbortSignal.timeout(1000),
});
stream.restart();
const placed = connect('http://x/', {
  prepare: async ({ headers, attempt, lastEventId, error }) => {
    headers.set('authorization', `Bearer ${attempt} ${lastEventId} ${error?.kind}`);
  },
  ack: 'manual',
  cursorFile: new URL('file:///a'),
});
for await (const event of placed) placed.ack(event);
connect('http://x/', { prepare: (attempt) => { attempt.url = new URL('http://y/'); attempt.body = null; }, cursorFile: 'a' });
try {
  for await (const item of stream.items()) {
    switch (item.kind) {
      case 'opened': {
        const status: number = item.status;
        void status;
        break;
      }
      case 'reset': {
        const reason: 'evicted' | 'ahead' | 'epoch' | 'malformed' = item.reason;
        void reason;
        break;
      }
      case 'reconnecting': {
        const delay: number = item.delay;
        void delay;
        break;
      }
    }
  }
} catch (error) {
  if (error instanceof StatusError) console.error(error.status, error.body, error.kind);
}

const source = new EventSource('http://127.0.0.1:8844/events?topic=a', { withCredentials: true });
source.onmessage = (event) => console.log(event.data.length, event.lastEventId);
source.onerror = (event) => console.log(event.message, event.status);
source.addEventListener('tick', (event) => console.log(event.data.length));
const closed: boolean = source.readyState === EventSource.CLOSED;

const given: EventSource = EventSource.fromReadableStream(response.body!);
const time: number = given.reconnectionTime;
connect('http://x/', { fetch });
new EventSource('http://x/', { fetch: (url, init) => fetch(url, { ...init, keepalive: true }) });
const scripted = new ScriptedServer(new Script().event('a', { id: '1' }).respond(503, { 'retry-after': '7' }).refuse(), { paused: true });
for await (const event of scripted.connect('http://test/', { retry: null })) console.log(event.data);
new scripted.EventSource('http://test/').close();
const recorded: [number, string | null, number[]] = [scripted.now, scripted.requests[0]!.lastEventId, scripted.delays];
void [time, recorded];

const hub = new Hub({ maxEvents: 10, heartbeat: null, storeTimeout: null });
const server = await hub.listen({ port: 0, cors: ['https://example.org'], threads: 2, limits: { maxConnections: 9, writeTimeout: 1000 } });
const figures: number[] = [server.connections, server.sharded, server.refused, hub.stats().lag, hub.stats().ended.stalled];
const id: string = await hub.publish(['a', 'b'], { json: { n: 1 }, event: 'tick', key: 'k' });
for await (const event of hub.subscribe('a', { start: 'last:5' })) console.log(event.data);
await new Publisher(server.url, { retry: null, timeout: 1000, connectTimeout: 500 }).publish('a', 'text');
const publications: Publication[] = [{ topic: 'a', data: 'x' }, { topic: ['a', 'b'], json: 1, event: 'e', key: 'k' }];
const ids: string[] = await hub.publishMany(publications);
{
  await using publisher = new Publisher(server.url);
  ids.push(...(await publisher.publishMany(publications)));
  await publisher.flush();
  const all: boolean = await publisher.close(1000);
  void all;
}
// @ts-expect-error: a publication has a topic
await hub.publishMany([{ data: 'x' }]);
await server.drain(1000);
{
  using listening: Disposable = await hub.listen();
  await using numbers = connect('http://127.0.0.1:8844/events', { params: { topic: ['a', 'b'], limit: 5 } });
  void [listening, numbers];
}

await hub.publish('a', binary(new Uint8Array(1), { event: 'chunk', key: 'k' }));
const chunk: { data: string; event: string } = binary(new Uint8Array(1), { event: 'chunk' });
const content: Uint8Array = bytesOf(chunk);
const sent = await sendFile(hub, ['a'], new URL('file:///a'), { sliceSize: 1024 });
await sendFile(new Publisher('http://x/'), 'a', content, { name: 'a' });
const received: string = (await receiveFile(connect('http://x/'), 'a', { maxSize: sent.size, signal: AbortSignal.timeout(1) })).name;
await receiveFile(decode(response.body), 'a');
const assembly = new Assembly({ name: 'a' });
for await (const slice of slices('a', { lastEventId: '1' })) {
  const part: Uint8Array | null = assembly.take(slice);
  void part;
}
try {
  assembly.finish();
} catch (error) {
  if (error instanceof SliceError) console.error(error.reason === 'missing', error.expected);
  if (error instanceof DataError) console.error(error.position + 1);
}

// @ts-expect-error: a text is no bytes
binary('text');
// @ts-expect-error: a number is no data
await hub.publish('a', 1);
// @ts-expect-error: there is no such reason
hub.stats().ended.bored;
// @ts-expect-error: there is no such start
hub.subscribe('a', { start: 'tomorrow' });
// @ts-expect-error: data is a string
encode({ data: 1 });

void [ids, figures, events, single, batches, closed, id, received];
