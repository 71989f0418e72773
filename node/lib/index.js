'use strict';

// Server-Sent Events: see index.d.ts for what each of these is.
module.exports = {
  ...require('./codec.js'),
  ...require('./decode.js'),
  ...require('./errors.js').classes,
  ...require('./eventsource.js'),
  ...require('./hub.js'),
  ...require('./publisher.js'),
  ...require('./stream.js'),
};
