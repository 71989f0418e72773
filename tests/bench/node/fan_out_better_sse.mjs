// What one writes with better-sse: a channel that broadcasts to its sessions. GET /stream subscribes, POST /publish publishes its
// body.

import http from 'node:http';
import { createChannel, createSession } from 'better-sse';

const channel = createChannel();
// The data is a text already: not made JSON once more for every session.
const options = { serializer: String };

async function publish(request, response) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  channel.broadcast(Buffer.concat(pieces).toString());
  response.end();
}

const server = http.createServer(async (request, response) => {
  try {
    if (request.method === 'POST') await publish(request, response);
    else channel.register(await createSession(request, response, options));
  } catch (error) {
    response.destroy(error);
  }
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
