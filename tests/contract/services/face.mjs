// The HTTP face that the two services in Node have in common; ../README.md says what it must do.

import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

// Sends what one stream gave to where the harness wants it: one message after the other, each under its number.
export class Reporter {
  #url;
  #number = 0;
  #sending = Promise.resolve();
  #over = new AbortController();

  constructor(url) {
    this.#url = url;
  }

  event(type, data, id) {
    this.#send({kind: 'event', event: {type, data, id}});
  }

  comment(comment) {
    this.#send({kind: 'comment', comment});
  }

  error(error) {
    this.#send({kind: 'error', error: String(error?.message ?? error)});
  }

  // Nobody wants to know any more.
  close() {
    this.#over.abort();
  }

  #send(message) {
    const url = `${this.#url}/${++this.#number}`;
    const request = {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify(message),
      signal: this.#over.signal,
    };
    this.#sending = this.#sending
      .then(() => fetch(url, request))
      .then((response) => response.arrayBuffer())
      // The harness may be gone before the stream is: nobody is left to be told.
      .catch(() => {});
  }
}

// Serves until the harness, or the end of standard input, says to stop. `open` makes a stream of the harness's parameters:
// an object with `close()`, and in `commands` a method for each command, which is given the command's whole message.
export function serve(name, capabilities, open) {
  const streams = new Map();
  let last = 0;

  async function answer(request) {
    const {method, url} = request;
    if (url === '/') {
      if (method === 'GET') return {status: 200, content: {name, capabilities}};
      if (method === 'DELETE') return {status: 204, end: true};
      if (method !== 'POST') return {status: 405};
      const params = await json(request);
      const location = `/streams/${++last}`;
      const reporter = new Reporter(params.callbackUrl);
      const stream = open(params, reporter);
      streams.set(location, {
        commands: stream.commands,
        close() {
          stream.close();
          reporter.close();
        },
      });
      return {status: 201, location};
    }
    const stream = streams.get(url);
    if (!stream) return {status: 404};
    if (method === 'DELETE') {
      streams.delete(url);
      stream.close();
      return {status: 204};
    }
    if (method !== 'POST') return {status: 405};
    const message = await json(request);
    if (!Object.hasOwn(stream.commands, message.command)) throw new Error(`${message.command} is not known here`);
    stream.commands[message.command](message);
    return {status: 204};
  }

  const stop = () => {
    for (const stream of streams.values()) stream.close();
    server.close();
    server.closeAllConnections();
    process.stdin.destroy();
  };
  const server = createServer(async (request, response) => {
    const {status, content, location, end} = await answer(request).catch((error) => ({
      status: 400,
      content: {error: String(error?.message ?? error)},
    }));
    if (location) response.setHeader('location', location);
    // Whoever said to stop is the last one who is answered.
    if (end) response.setHeader('connection', 'close').on('finish', stop);
    if (content) response.setHeader('content-type', 'application/json');
    response.writeHead(status).end(content && JSON.stringify(content));
  });
  process.stdin.on('end', stop).resume();
  server.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({kind: 'listening', url: `http://127.0.0.1:${server.address().port}`}));
  });
}
