'use strict';

// Publishing to a hub that runs elsewhere.

const { native } = require('./native.js');
const { call } = require('./errors.js');
const { answer } = require('./loop.js');
const { toMessage } = require('./message.js');
const { headers, read, retry } = require('./options.js');
const { takeTransport, transportOptions } = require('./transport.js');

class Publisher {
  #native;

  constructor(url, options) {
    const checked = read('the options of Publisher', options, { headers, retry, ...transportOptions });
    const { transport, rest } = takeTransport(checked);
    const { headers: pairs = [], retry: policy } = rest;
    const built = { url: String(url), headers: pairs, again: policy !== null, retry: policy ?? undefined, transport };
    this.#native = call(() => new native.Publisher(built));
  }

  async publish(names, message) {
    const built = toMessage(names, message);
    return answer(call(() => this.#native.publish(built)));
  }

  close() {
    this.#native.close();
  }
}

if (Symbol.dispose) Publisher.prototype[Symbol.dispose] = Publisher.prototype.close;

module.exports = { Publisher };
