//! The lines that the programs print and take. `tests/matrix/README.md` describes them for a reader who writes such a program.

use serde::{Deserialize, Serialize};

/// A line of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum ClientReport {
    /// A connection is open.
    Opened,
    /// An event was delivered.
    Event {
        /// Its type.
        event: String,
        /// Its data.
        data: String,
        /// The last event ID when it was dispatched.
        id: String,
    },
    /// What was missed is gone. A client of the browser's kind reports an event of type `eventwire.reset` instead.
    Reset {
        /// The last event ID that the server was asked to resume after.
        requested: String,
        /// `evicted`, `ahead`, `epoch` or `malformed`.
        reason: String,
        /// The id of the first event that is held; empty where there is none.
        #[serde(default)]
        first: Option<String>,
    },
    /// The connection was lost and another will be tried.
    Reconnecting {
        /// Why.
        #[serde(default)]
        error: String,
    },
    /// It has ended without an error, as it was told to.
    Closed,
    /// It has ended by an error.
    Error {
        /// Why.
        error: String,
    },
}

impl ClientReport {
    /// The reset that an `eventwire.reset` event announces; anything else as it is.
    ///
    /// # Errors
    ///
    /// Where the data of such an event is not what the hub promises.
    pub fn seen_as_item(self) -> anyhow::Result<ClientReport> {
        #[derive(Deserialize)]
        struct Data {
            requested: String,
            reason: String,
            first: Option<String>,
        }
        match self {
            ClientReport::Event { event, data, .. } if event == "eventwire.reset" => {
                let Data {
                    requested,
                    reason,
                    first,
                } = serde_json::from_str(&data)?;
                Ok(ClientReport::Reset {
                    requested,
                    reason,
                    first,
                })
            }
            other => Ok(other),
        }
    }
}

/// A command to a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "lowercase")]
#[non_exhaustive]
pub enum ServerCommand {
    /// Publish one event; answered by [`ServerReport::Published`].
    Publish {
        /// The topic.
        topic: String,
        /// The type; `message` where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        event: Option<String>,
        /// The data.
        data: String,
    },
    /// Tell how it is; answered by [`ServerReport::Stats`].
    Stats,
}

/// A line of a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum ServerReport {
    /// It serves.
    Listening {
        /// The URL of its event streams, without a query.
        url: String,
    },
    /// One event was published.
    Published {
        /// The id that it got.
        id: String,
    },
    /// How it is.
    Stats {
        /// How many subscriptions it has.
        subscribers: u64,
    },
    /// A command failed.
    Error {
        /// Why.
        error: String,
    },
}

/// A line of the publisher of the demo.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum PublisherReport {
    /// One event was published.
    Published {
        /// Its running number, which is in its data too.
        n: u64,
        /// The id that it got.
        id: String,
    },
    /// All that was to be published has been.
    Done,
    /// It gave up.
    Error {
        /// Why.
        error: String,
    },
}

/// Prints one line, at once.
pub fn print(report: &impl Serialize) {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    // A reader that is gone has nothing to be told.
    if serde_json::to_writer(&mut stdout, report).is_ok() {
        let _ = writeln!(stdout);
        let _ = stdout.flush();
    }
}
