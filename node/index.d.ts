// Server-Sent Events: decode and encode, subscribe, publish.
//
// Times are milliseconds, sizes are bytes. A wrong argument is a TypeError that names it.

/// <reference lib="esnext.disposable" />

export * from './types/codec.js';
export * from './types/slices.js';
export * from './types/transport.js';
export * from './types/stream.js';
export * from './types/eventsource.js';
export * from './types/hub.js';
export * from './types/publisher.js';
export * from './types/errors.js';
