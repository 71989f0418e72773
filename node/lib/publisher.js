'use strict';

// Publishing to a hub that runs elsewhere.

const { native } = require('./native.js');
const { call } = require('./errors.js');
const { answer } = require('./loop.js');
const { toMessage, toMessages } = require('./message.js');
const { headers, milliseconds, read, retry } = require('./options.js');
const { takeTransport, transportOptions } = require('./transport.js');

const publisherOptions = { headers, retry, timeout: milliseconds, connectTimeout: milliseconds };

class Publisher {
  #native;

  constructor(url, options) {
    const checked = read('the options of Publisher', options, { ...publisherOptions, ...transportOptions });
    const { transport, rest } = takeTransport(checked);
    const { headers: pairs = [], retry: policy, ...times } = rest;
    const built = { url: String(url), headers: pairs, again: policy !== null, retry: policy ?? undefined, ...times, transport };
    this.#native = call(() => new native.Publisher(built));
  }

  async publish(names, message) {
    const built = toMessage(names, message);
    return answer(call(() => this.#native.publish(built)));
  }

  async publishMany(publications) {
    const built = toMessages(publications);
    return answer(call(() => this.#native.publishMany(built)));
  }

  async flush() {
    await answer(call(() => this.#native.flush()));
  }

  // It begins to close in the call, also where nobody waits.
  close(timeout = 10_000) {
    return answer(call(() => this.#native.close(milliseconds('the timeout of close', timeout))));
  }
}

if (Symbol.dispose) {
  Publisher.prototype[Symbol.dispose] = function dispose() {
    this.close();
  };
  Publisher.prototype[Symbol.asyncDispose] = async function asyncDispose() {
    await this.close();
  };
}

module.exports = { Publisher };
