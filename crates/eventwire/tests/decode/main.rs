//! `decode` over byte streams: scripted ones, and those of the real reqwest and hyper.
#![cfg(feature = "stream")]

mod clients;
mod llm;
mod scripted;
