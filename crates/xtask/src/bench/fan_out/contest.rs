//! Who is compared with whom: servers of event streams, ours in three languages.

use super::super::contest::{Language, Role};

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(super) host: Host,
}

/// How a server is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    /// A hub of ours, in a process of this language.
    Eventwire(Language),
    /// A program of tests/bench/rust.
    Rust(&'static str),
    /// A program of tests/bench/node.
    Node(&'static str),
    /// A program of tests/bench/python.
    Python(&'static str),
    Nginx,
}

pub(crate) const RUST: &str = "eventwire in Rust";
pub(crate) const PYTHON: &str = "eventwire in Python";
pub(crate) const NODE: &str = "eventwire in Node";
pub(crate) const BARE: &str = "bare loop of send";
pub(crate) const AXUM: &str = "axum + broadcast";
pub(crate) const NCHAN: &str = "nginx + nchan";
pub(crate) const BETTER_SSE: &str = "better-sse";
pub(crate) const SSE_STARLETTE: &str = "sse-starlette";

/// In the order in which they are shown.
pub(crate) const ALL: &[Contestant] = &[
    of(RUST, Role::Ours, Host::Eventwire(Language::Rust)),
    of(PYTHON, Role::Ours, Host::Eventwire(Language::Python)),
    of(NODE, Role::Ours, Host::Eventwire(Language::Node)),
    of(BARE, Role::Floor, Host::Rust("bare")),
    of(AXUM, Role::Peer, Host::Rust("axum_broadcast")),
    of(NCHAN, Role::Peer, Host::Nginx),
    of(BETTER_SSE, Role::Peer, Host::Node("fan_out_better_sse.mjs")),
    of(
        SSE_STARLETTE,
        Role::Peer,
        Host::Python("fan_out_sse_starlette.py"),
    ),
];

const fn of(name: &'static str, role: Role, host: Host) -> Contestant {
    Contestant { name, role, host }
}

/// The name of ours in a language.
pub(crate) fn ours(language: Language) -> &'static str {
    match language {
        Language::Rust => RUST,
        Language::Python => PYTHON,
        Language::Node => NODE,
    }
}

impl Contestant {
    /// Whether it is among those that were named: a part of the name is enough.
    pub(super) fn is_among(&self, named: &[String]) -> bool {
        let name = self.name.to_lowercase();
        named.is_empty() || named.iter().any(|part| name.contains(&part.to_lowercase()))
    }

    /// The path of the event stream, and what the load client is told of publishing.
    pub(super) fn paths(&self) -> (&'static str, Option<&'static str>) {
        match self.host {
            Host::Eventwire(_) => ("/events?topic=bench", None),
            _ => ("/stream", Some("/publish")),
        }
    }
}
