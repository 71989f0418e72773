//! What keeps a hub from being served.

use std::fmt;
use std::io;

/// The hub cannot be served.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be read or found.
    Address {
        /// As it was given.
        address: String,
        /// What was wrong with it.
        source: io::Error,
    },
    /// The address cannot be listened on.
    Bind {
        /// As it was given.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The address can be reached from elsewhere, and anyone could publish.
    Unguarded(String),
    /// An origin that pages may come from is none.
    Origin(String),
    /// An option is beyond its bounds.
    Option {
        /// Its name.
        name: &'static str,
        /// As it was given.
        given: String,
        /// What it can be.
        range: &'static str,
    },
    /// There is no Tokio runtime to serve in.
    NoRuntime,
    /// The system gave no thread, or nothing to wait for sockets with.
    Threads(io::Error),
    /// The hub was closed.
    Closed,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { address, source } => {
                write!(
                    f,
                    "cannot find the address {address:?}: {source}; give host:port, such as 127.0.0.1:8844"
                )
            }
            Self::Bind { address, source } if source.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "cannot listen on {address}: it is in use; end what listens there, or choose another port"
                )
            }
            Self::Bind { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Self::Unguarded(address) => write!(
                f,
                "{address} is no loopback address, and anyone who reaches it could publish: allow that by \
                 open_publish, or, in Rust, give an authorizer"
            ),
            Self::Origin(origin) => {
                write!(
                    f,
                    "{origin:?} is no origin: give scheme://host or scheme://host:port, or \"*\" for any"
                )
            }
            Self::Option { name, given, range } => {
                write!(f, "{name} is {given}: give {range}")
            }
            Self::NoRuntime => {
                f.write_str("not inside of a Tokio runtime: serve from a task of one")
            }
            Self::Threads(source) => write!(
                f,
                "cannot start the threads that write to subscribers: {source}; is a limit on threads or open files reached?"
            ),
            Self::Closed => f.write_str("the hub is closed: a new one can be served"),
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Address { source, .. } | Self::Bind { source, .. } | Self::Threads(source) => {
                Some(source)
            }
            Self::Unguarded(_)
            | Self::Origin(_)
            | Self::Option { .. }
            | Self::NoRuntime
            | Self::Closed => None,
        }
    }
}
