// The library is CommonJS, which every Node here can both import and require, and this file gives its names to `import`.
// One source, so that the two cannot drift apart; a test holds the lists equal.
import eventwire from './lib/index.js';

export const {
  ClosedError,
  ConnectError,
  ContentTypeError,
  DecodeError,
  Decoder,
  EncodeError,
  EventDecoderStream,
  EventSource,
  EventStream,
  EventwireError,
  Hub,
  PublishError,
  Publisher,
  ServeError,
  Server,
  StatusError,
  StoreError,
  StreamTimeoutError,
  Subscription,
  connect,
  decode,
  encode,
} = eventwire;
