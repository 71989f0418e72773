// What a user does first with the installed package, in a project of ES modules.
import assert from 'node:assert/strict';
import { Decoder, Hub, connect, encode } from 'eventwire';

const decoder = new Decoder();
assert.deepEqual([...decoder.feed(Buffer.from('data: hel'))], []);
assert.equal(decoder.feed(Buffer.from('lo\n\n'))[0].data, 'hello');
const bytes = encode({ data: 'hello', event: 'greeting' });
assert.equal(new TextDecoder().decode(bytes), 'event: greeting\ndata: hello\n\n');

const hub = new Hub();
const published = await hub.publish('news', 'over a socket');
const server = await hub.listen({ host: '127.0.0.1', port: 0 });
const stream = connect(`${server.url}/events?topic=news&start=earliest`);
for await (const event of stream) {
  assert.equal(event.data, 'over a socket');
  assert.equal(event.id, published);
  break;
}
await stream.close();
await server.close();
console.log('ok');
