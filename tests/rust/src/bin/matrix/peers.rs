//! The clients and servers of the matrix, and how each is started.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use eventwire_tests::program::{Program, root, sibling};
use eventwire_tests::report::ClientReport;

use crate::browser::{Browser, Pages};
use crate::fixture::Fixture;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientKind {
    Rust,
    PythonSync,
    PythonAsync,
    NodeConnect,
    NodeEventSource,
    Chromium,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    Rust,
    Python,
    Node,
}

/// One client against one server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) client: ClientKind,
    pub(crate) server: ServerKind,
}

/// All pairs: the whole matrix.
pub(crate) fn pairs() -> impl Iterator<Item = Pair> {
    use ClientKind::{Chromium, NodeConnect, NodeEventSource, PythonAsync, PythonSync, Rust};
    let clients = [
        Rust,
        PythonSync,
        PythonAsync,
        NodeConnect,
        NodeEventSource,
        Chromium,
    ];
    let servers = [ServerKind::Rust, ServerKind::Python, ServerKind::Node];
    clients
        .into_iter()
        .flat_map(move |client| servers.map(|server| Pair { client, server }))
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = match self.client {
            ClientKind::Rust => "Rust",
            ClientKind::PythonSync => "Python sync",
            ClientKind::PythonAsync => "Python async",
            ClientKind::NodeConnect => "Node connect",
            ClientKind::NodeEventSource => "Node EventSource",
            ClientKind::Chromium => "Chromium",
        };
        write!(f, "{client} x {:?}", self.server)
    }
}

/// What starts them.
#[derive(Debug)]
pub(crate) struct Peers {
    pub(crate) python: PathBuf,
    pub(crate) node: PathBuf,
    pub(crate) chromium: Option<PathBuf>,
    pub(crate) pages: Pages,
}

impl Peers {
    /// Whether all that the pair needs is there.
    pub(crate) fn can_play(&self, pair: Pair) -> bool {
        pair.client != ClientKind::Chromium || self.chromium.is_some()
    }

    pub(crate) fn start_server(&self, kind: ServerKind, fixture: &Fixture) -> Result<Program> {
        let mut command = match kind {
            ServerKind::Rust => Command::new(sibling("peer-server")?),
            ServerKind::Python => self.python("server.py"),
            ServerKind::Node => self.node("server.mjs"),
        };
        command.args(["--max-events", &fixture.max_events.to_string()]);
        command.args(["--retry-ms", &fixture.retry_ms.to_string()]);
        Program::start(format!("the {kind:?} server"), command)
    }

    pub(crate) fn start_client(
        &self,
        kind: ClientKind,
        url: &str,
        fixture: &Fixture,
    ) -> Result<Client> {
        let mut command = match kind {
            ClientKind::Rust => Command::new(sibling("peer-client")?),
            ClientKind::PythonSync => self.python("sync_client.py"),
            ClientKind::PythonAsync => self.python("async_client.py"),
            ClientKind::NodeConnect => self.node("connect_client.mjs"),
            ClientKind::NodeEventSource => self.node("eventsource_client.mjs"),
            ClientKind::Chromium => {
                let chromium = self.chromium.as_deref().context("there is no Chromium")?;
                let browser = Browser::start(chromium, &self.pages, url, &fixture.types())?;
                return Ok(Client::Browser(browser));
            }
        };
        command.arg(url).args(fixture.types());
        Ok(Client::Program(Program::start(
            format!("the {kind:?} client"),
            command,
        )?))
    }

    fn python(&self, file: &str) -> Command {
        program(&self.python, file)
    }

    fn node(&self, file: &str) -> Command {
        program(&self.node, file)
    }
}

fn program(interpreter: &PathBuf, file: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.arg::<OsString>(root().join("tests/matrix/peers").join(file).into());
    command
}

/// A client at work.
#[derive(Debug)]
pub(crate) enum Client {
    Program(Program),
    Browser(Browser),
}

impl Client {
    pub(crate) async fn report(&mut self, what: &str) -> Result<ClientReport> {
        match self {
            Client::Program(program) => program.report(what).await,
            Client::Browser(browser) => browser.report(what).await,
        }
    }

    /// Tells it to close its stream.
    pub(crate) fn close(&mut self) {
        match self {
            Client::Program(program) => program.ask_to_stop(),
            Client::Browser(browser) => browser.close_stream(),
        }
    }

    /// Waits for its end.
    pub(crate) async fn stop(self) -> Result<()> {
        match self {
            Client::Program(program) => program.stop().await,
            Client::Browser(browser) => browser.stop().await,
        }
    }
}
