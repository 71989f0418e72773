//! Runs one Rust program of `docs/`, named by its page and line; `tests/pages.rs` starts it.
//!
//! The environment variable `EVENTWIRE_ADDRESS` takes the place of the address that the pages show.

use std::process::ExitCode;

/// A program's `main`, and what became of it.
type Start = fn() -> ExitCode;

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

fn main() -> ExitCode {
    // The workspace builds reqwest without a cryptography of its own; whoever takes reqwest by itself has one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut args = std::env::args().skip(1);
    let (page, line) = (args.next().unwrap_or_default(), args.next());
    let line: Option<usize> = line.and_then(|line| line.parse().ok());
    for (of, at, start) in PROGRAMS {
        if *of == page && Some(*at) == line {
            return start();
        }
    }
    eprintln!("usage: doc-program PAGE LINE, of those that were built:");
    for (page, line, _) in PROGRAMS {
        eprintln!("    {page} {line}");
    }
    ExitCode::FAILURE
}

/// A literal of a page, with the real address in it.
fn at(literal: &'static str) -> &'static str {
    match std::env::var("EVENTWIRE_ADDRESS") {
        Ok(address) => literal.replace("127.0.0.1:8844", &address).leak(),
        Err(_) => literal,
    }
}
