//! Where a log lives. Memory is the only store so far.

pub(crate) mod index;
pub(crate) mod listeners;
pub(crate) mod memory;
pub(crate) mod merge;
