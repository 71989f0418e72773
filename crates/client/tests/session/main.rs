//! The rules of a subscription, by a scripted transport and a virtual clock: no socket, no waiting.

mod clocks;
mod event_source;
mod outcomes;
mod prepare;
mod redirects;
mod requests;
mod restart;
mod resume;
mod retries;
mod script;
mod stats;
