//! The clients and servers of the matrix, and how each is started.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use eventwire_tests::program::{Program, root, sibling};
use eventwire_tests::report::ClientReport;

use crate::browser::{Browser, Pages};
use crate::fixture::Fixture;
use crate::nginx::{Nginx, Setup};

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
    /// Servers that know nothing of eventwire.
    Axum,
    FastApi,
    Express,
    /// The hub in Rust behind nginx.
    Nginx(Setup),
}

impl ServerKind {
    const ALL: [ServerKind; 9] = [
        ServerKind::Rust,
        ServerKind::Python,
        ServerKind::Node,
        ServerKind::Axum,
        ServerKind::FastApi,
        ServerKind::Express,
        ServerKind::Nginx(Setup::Buffering),
        ServerKind::Nginx(Setup::Unbuffered),
        ServerKind::Nginx(Setup::Http2),
    ];

    /// Whether it is a hub of ours, which sends marks and resets.
    pub(crate) fn is_hub(self) -> bool {
        !matches!(self, Self::Axum | Self::FastApi | Self::Express)
    }

    fn name(self) -> &'static str {
        match self {
            ServerKind::Rust => "Rust",
            ServerKind::Python => "Python",
            ServerKind::Node => "Node",
            ServerKind::Axum => "axum",
            ServerKind::FastApi => "FastAPI",
            ServerKind::Express => "Express",
            ServerKind::Nginx(Setup::Buffering) => "nginx, buffering",
            ServerKind::Nginx(Setup::Unbuffered) => "nginx, unbuffered",
            ServerKind::Nginx(Setup::Http2) => "nginx, HTTP/2 and TLS",
        }
    }
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
    clients
        .into_iter()
        .flat_map(move |client| ServerKind::ALL.map(|server| Pair { client, server }))
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
        write!(f, "{client} x {}", self.server.name())
    }
}

/// What starts them.
#[derive(Debug)]
pub(crate) struct Peers {
    pub(crate) python: PathBuf,
    pub(crate) node: PathBuf,
    pub(crate) chromium: Option<PathBuf>,
    pub(crate) nginx: Option<PathBuf>,
    pub(crate) pages: Pages,
}

impl Peers {
    /// What the pair needs and is not there.
    pub(crate) fn lacks(&self, pair: Pair) -> Option<&'static str> {
        let is_proxied = matches!(pair.server, ServerKind::Nginx(_));
        if pair.client == ClientKind::Chromium && self.chromium.is_none() {
            Some("no Chromium was found on the PATH, and none was given by --chromium")
        } else if is_proxied && self.nginx.is_none() {
            Some("no nginx was given by --nginx")
        } else {
            None
        }
    }

    pub(crate) fn start_server(&self, kind: ServerKind, fixture: &Fixture) -> Result<Program> {
        let mut command = match kind {
            ServerKind::Rust | ServerKind::Nginx(_) => Command::new(sibling("peer-server")?),
            ServerKind::Python => self.python("server.py"),
            ServerKind::Node => self.node("server.mjs"),
            ServerKind::Axum => Command::new(sibling("peer-axum")?),
            ServerKind::FastApi => self.python("fastapi_server.py"),
            ServerKind::Express => self.node("express_server.mjs"),
        };
        command.args(["--max-events", &fixture.max_events.to_string()]);
        command.args(["--retry-ms", &fixture.retry_ms.to_string()]);
        Program::start(format!("the {} server", kind.name()), command)
    }

    /// nginx before the server at `upstream`, where this kind has one.
    pub(crate) async fn start_nginx(
        &self,
        kind: ServerKind,
        upstream: SocketAddr,
    ) -> Result<Option<Nginx>> {
        let ServerKind::Nginx(setup) = kind else {
            return Ok(None);
        };
        let nginx = self.nginx.as_deref().context("there is no nginx")?;
        Ok(Some(Nginx::start(nginx, setup, upstream).await?))
    }

    pub(crate) fn start_client(
        &self,
        kind: ClientKind,
        url: &str,
        authority: Option<PathBuf>,
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
        // As who runs a private authority sets it for a whole machine: no option of any client is needed.
        command.envs(authority.map(|file| ("SSL_CERT_FILE", file)));
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
