'use strict';

// Server-Sent Events: see types/ for what each of these is.
module.exports = {
  ...require('./binary.js'),
  ...require('./codec.js'),
  ...require('./decode.js'),
  ...require('./pipe.js'),
  ...require('./errors.js').classes,
  EventSource: require('./eventsource.js').EventSource,
  ...require('./hub.js'),
  ...require('./publisher.js'),
  ...require('./slices.js'),
  ...require('./stream.js'),
};
