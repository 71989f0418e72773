//! `eventwire._native`: what Python needs of the bridge, and nothing but conversions.
//!
//! # Layout
//!
//! - `event`, `batch`: events as Python objects, and batches of them as lists.
//! - `decoder`: `Decoder` and `encode`.
//! - `slices`: payloads in slices.
//! - `testing`: scripted servers.
//! - `stream`, `hub`, `publisher`: the handles of the bridge; the package wraps them into iterators and context managers.
//! - `task`, `notifier`, `waiting`: how Python waits, with and without an event loop.
//! - `arguments`, `failure`: arguments in, exceptions out.
//!
//! No thread but the caller's ever runs Python code here: see the rules in the bridge's documentation.

use pyo3::pymodule;

mod arguments;
mod batch;
mod decoder;
mod event;
mod failure;
mod hub;
mod notifier;
mod process;
mod publisher;
mod slices;
mod stream;
mod task;
mod testing;
mod waiting;

/// The native half of eventwire. Its names are private to the package.
// A free-threaded interpreter has not run the tests yet, so the module does not claim to be ready for one.
#[pymodule(name = "_native", gil_used = true)]
mod native {
    #[pymodule_export]
    use crate::decoder::{Decoder, encode};
    #[pymodule_export]
    use crate::event::Event;
    #[pymodule_export]
    use crate::hub::{Hub, Server, Subscription, several_processes};
    #[pymodule_export]
    use crate::notifier::Notifier;
    #[pymodule_export]
    use crate::process::{run, shutdown};
    #[pymodule_export]
    use crate::publisher::Publisher;
    #[pymodule_export]
    use crate::slices::{Assembly, FileReceiver, Slices};
    #[pymodule_export]
    use crate::stream::Stream;
    #[pymodule_export]
    use crate::task::Task;
    #[pymodule_export]
    use crate::testing::ScriptedServer;
}
