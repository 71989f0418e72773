// Tests of what handles events: servers that play a script, by a virtual clock, without a network.

import type { ConnectOptions, EventSource, EventStream } from './index.js';

/**
 * What a server does with the attempts of a stream: each method says what comes next, and gives a new script.
 *
 * An answer begins with `respond`; where there is none, one of 200 with `Content-Type: text/event-stream` begins by itself. It ends
 * with `end`, `reset`, `resetMidEvent` or `halfOpen`; where there is none of these, it ends cleanly. The first call after its end is
 * about the next attempt. Once the script is over, attempts are answered with 204, which ends a stream without an error.
 *
 * @example
 * const script = new Script().event('one').resetMidEvent().refuse().respond(503, { 'retry-after': '7' }).event('two');
 */
export class Script {
  constructor();
  /** The next attempt is answered with this status. After an interim one (1xx but 101), what follows belongs to the same attempt. */
  respond(status: number, headers?: Record<string, string> | Iterable<readonly [string, string]>): Script;
  /** Sets a header of the answer; an empty value leaves out what it would have had by itself. */
  header(name: string, value: string): Script;
  /** Sends an event. */
  event(data: string, fields?: { event?: string; id?: string; retry?: number }): Script;
  /** Sends a comment: a sign of life, and no event. */
  comment(text: string): Script;
  /** Sends text or bytes as they are. */
  send(bytes: string | Uint8Array): Script;
  /** What this answer sends from here on comes one byte at a time, each so many milliseconds after the one before. */
  drip(every: number): Script;
  /** Nothing happens for so many milliseconds. */
  wait(time: number): Script;
  /** The answer ends as it should. */
  end(): Script;
  /** The connection breaks: before it is answered, where no answer has begun. */
  reset(): Script;
  /** The connection breaks in the middle of an event. */
  resetMidEvent(): Script;
  /** The connection stands, and nothing comes any more. */
  halfOpen(): Script;
  /** Nobody listens at the address. */
  refuse(): Script;
  /** The server's certificate is none to trust. */
  tlsFailure(): Script;
  /** The address does not react, so that the connect timeout runs out. */
  unreachable(): Script;
  /** Once over, the script begins anew, for ever. */
  repeat(): Script;
}

/** A request that a `ScriptedServer` was sent. */
export interface RecordedRequest {
  /** When it came, in milliseconds of the server's clock. */
  readonly at: number;
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly lastEventId: string | null;
  readonly body: Uint8Array | null;
}

/**
 * Plays a script to the streams that it opens, in the order of their attempts, and is their clock.
 *
 * The clock goes by itself to whatever happens next, so that nothing is ever waited for; `paused`, it stands until `advance`. A
 * stream to which nothing more will happen (half open, with no timeout set) waits until it is closed.
 *
 * @example
 * const server = new ScriptedServer(new Script().event('one').refuse().event('two'));
 * for await (const event of server.connect('http://test/events')) handle(event);
 * assert.equal(server.requests.length, 4);
 */
export class ScriptedServer {
  constructor(script: Script, options?: { paused?: boolean });
  /** As `connect` of eventwire, to this server; it needs no `this`, so it can be given to what connects by itself. */
  readonly connect: (url: string | URL, options?: ConnectOptions) => EventStream;
  /** As the class of eventwire, to this server. */
  readonly EventSource: typeof EventSource;
  /** Lets milliseconds pass. Streams see all that happens meanwhile, each thing at its time. */
  advance(time: number): void;
  /** How many milliseconds have passed. A stream is read ahead, so it may have been given out less than has happened. */
  readonly now: number;
  /** How many milliseconds were waited before each attempt but the first, from the end of the one before; 0 for a redirect. */
  readonly delays: number[];
  /** All requests so far. */
  readonly requests: RecordedRequest[];
}
