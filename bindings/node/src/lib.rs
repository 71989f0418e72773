//! The native module of the Node package: it converts between JavaScript and [`eventwire_bridge`], and knows no rule.
//!
//! # Layout
//!
//! - `batch`: batches of items as strings and arrays of numbers; JavaScript cuts its objects out of them.
//! - `feed`: the same for a decoder, in one plain call per chunk.
//! - `codec`, `stream`, `hub`, `publisher`: the handles of the bridge as classes.
//! - `session`, `testing`: streams whose bytes a `fetch` moves, and streams that a script feeds.
//! - `slices`: bytes in an event, and payloads in slices.
//! - `notifier`, `task`: how JavaScript learns that there is something to fetch.
//! - `failure`: errors as JSON in the message, which `lib/errors.js` turns into its classes.
//! - `process`: the life of an environment, and the command line.
//!
//! No thread of ours makes a JavaScript value: everything here runs on the thread of the environment that called it.

// Under `cfg(test)` nothing is registered with Node, and so nothing is used.
#![cfg_attr(test, allow(dead_code))]

mod batch;
mod codec;
mod failure;
mod feed;
mod hub;
mod notifier;
mod options;
mod process;
mod publisher;
mod session;
mod slices;
mod stream;
mod task;
mod testing;
