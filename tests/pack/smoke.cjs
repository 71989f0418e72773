// What a user does first with the installed package, in a project that loads it by require.
const assert = require('node:assert/strict');
const { Decoder, Hub, connect, encode } = require('eventwire');

async function main() {
  const decoder = new Decoder();
  assert.equal(decoder.feed(Buffer.from('data: hello\n\n'))[0].data, 'hello');
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
}

main();
