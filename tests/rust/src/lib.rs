//! What the black-box tests of eventwire share. It knows the facade `eventwire` alone, as a user does.
//!
//! # Layout
//!
//! - [`pages`]: the programs of `docs/`; `doc-program` runs those in Rust.
//! - [`proxy`]: stands between one subscriber and a server, and resets the connection inside a frame when told to.
//! - [`cutter`]: the same for large streams, by a count of bytes.
//! - [`program`]: a child process that speaks JSON lines, and that never outlives its owner.
//! - [`client_fixtures`]: the fixtures of the client, played and judged for the runners of all languages.
//! - [`contract`]: what the contract service and its driver share.
//! - [`chromium`]: a headless Chromium with one page.
//! - [`report`]: the lines that the programs of the matrix and of the demo print and take (`tests/matrix/README.md`).
//! - [`tally`]: received, missing, doubled, out of order.
//! - [`subscriber`]: the subscriber in Rust, the same for the matrix and the demo.
//!
//! The programs: `matrix` (every client against every server), `chromium-streams` (random streams, as a browser reads them),
//! `contract` (the five services of `tests/contract`, `contract-service` among them, and LaunchDarkly's harness), `demo`, and the peers that matrix and demo start; `fixture-server`, which plays
//! the client fixtures; `transfer`, the two sides of a large file.

pub mod chromium;
pub mod client_fixtures;
pub mod contract;
pub mod cutter;
pub mod pages;
pub mod program;
pub mod proxy;
pub mod report;
pub mod subscriber;
pub mod tally;

use std::future::Future;
use std::time::Duration;

/// How long anything that a test waits for may take. Far longer than it ever should: what fails is said by the checks, and
/// this only turns a hang into a message.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for `future`, but not for ever.
///
/// # Errors
///
/// Where it takes longer than [`PATIENCE`]; the message names what was waited for.
pub async fn bounded<F: Future>(what: &str, future: F) -> anyhow::Result<F::Output> {
    tokio::time::timeout(PATIENCE, future)
        .await
        .map_err(|_| anyhow::anyhow!("waited {} s in vain for {what}", PATIENCE.as_secs()))
}
