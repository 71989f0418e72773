'use strict';

// Asking the application before every attempt.

const { body, headers, string, wrong } = require('./options.js');

class Preparing {
  #native;
  #prepare;
  #body;
  // What the application threw last.
  #cause;

  constructor(native, prepare, given) {
    this.#native = native;
    this.#prepare = prepare;
    this.#body = given;
  }

  // Asks, and answers the core by number; never rejects.
  async ask({ question, url, headers: begun, attempt, lastEventId, error }) {
    this.#native.asked(question);
    this.#cause = undefined;
    try {
      const given = { url, headers: begun, body: this.#body ?? null, attempt, lastEventId, error };
      const result = await this.#prepare(given);
      if (result !== undefined) throw wrong('what prepare returns', 'nothing: it changes the attempt that it gets', result);
      const target = given.url instanceof URL ? given.url.href : string('url of the attempt', given.url);
      const pairs = headers('headers of the attempt', given.headers);
      this.#native.answer(question, target, pairs, given.body === null || given.body === undefined ? undefined : body('body of the attempt', given.body));
    } catch (cause) {
      this.#cause = cause;
      this.#native.fail(question, String(cause));
    }
  }

  // Gives an error that `prepare` failed what that threw, as its cause.
  explain(error) {
    if (error?.kind === 'PrepareError' && this.#cause !== undefined) error.cause = this.#cause;
    return error;
  }
}

module.exports = { Preparing };
