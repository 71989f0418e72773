//! Measures eventwire's decoder beside other libraries; `cargo xtask bench codec` runs it and reads what it writes.
//!
//! # Layout
//!
//! - [`decoders`]: ours and each peer as one function, from the bytes of a stream to a count of what it held.
//! - [`measure`]: the rounds, in which each decoder has its turn.
//! - [`long_line`]: one line as large as a whole workload.
//! - [`plan`]: what is to be measured, as xtask writes it.
//!
//! It judges nothing: medians, ratios and targets are xtask's, the same for three languages.

pub mod decoders;
pub mod long_line;
pub mod measure;
pub mod plan;
