//! What must hold of the codec for any input at all. cargo-fuzz looks for one for which it does not.
//!
//! # Layout
//!
//! - [`decoder`], [`encoder`]: an input each, and what is checked of it. `fuzz_targets` hands them to libFuzzer.
//! - `told`: what a decoder says of a stream, in the words of the slow oracle of the codec's tests.
//! - `memory`: how many bytes are allocated.
//!
//! An input begins with a few bytes for the options, and the rest is text: so what lies in `corpus` can be read, and
//! `cargo xtask fuzz` makes one out of every codec fixture.

pub mod decoder;
pub mod encoder;
mod memory;
#[path = "../../tests/support/oracle.rs"]
mod oracle;
mod told;
