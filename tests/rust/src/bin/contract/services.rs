//! The five services, and how each is started and ended.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use axum::http::{Method, StatusCode, header};
use eventwire_tests::bounded;
use eventwire_tests::contract::{Answer, CONNECT, EVENT_SOURCE, Http};
use eventwire_tests::program::{Program, root, sibling};
use eventwire_tests::report::ServerReport;
use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Rust,
    PythonSync,
    PythonAsync,
    NodeConnect,
    NodeEventSource,
}

pub(crate) const KINDS: [Kind; 5] = [
    Kind::Rust,
    Kind::PythonSync,
    Kind::PythonAsync,
    Kind::NodeConnect,
    Kind::NodeEventSource,
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Rust => "Rust",
            Kind::PythonSync => "Python sync",
            Kind::PythonAsync => "Python async",
            Kind::NodeConnect => "Node connect",
            Kind::NodeEventSource => "Node EventSource",
        })
    }
}

impl Kind {
    pub(crate) fn is_named_by(self, only: &[String]) -> bool {
        let name = self.to_string().to_lowercase();
        only.is_empty() || only.iter().any(|part| name.contains(&part.to_lowercase()))
    }

    /// What it must declare.
    pub(crate) fn capabilities(self) -> &'static [&'static str] {
        match self {
            Kind::NodeEventSource => EVENT_SOURCE,
            _ => CONNECT,
        }
    }

    pub(crate) fn can(self, capability: &str) -> bool {
        self.capabilities().contains(&capability)
    }

    /// How many leaf tests the harness (81fc820) runs for these capabilities. Another version may have others.
    pub(crate) fn tests_of_the_harness(self) -> usize {
        match self {
            Kind::NodeEventSource => 106,
            _ => 113,
        }
    }
}

/// What runs those that are no programs by themselves.
#[derive(Debug)]
pub(crate) struct Runtimes {
    pub(crate) python: PathBuf,
    pub(crate) node: PathBuf,
}

/// A service at work. Dropped, it is killed, with its whole process group.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    program: Program,
    http: Http,
}

impl Service {
    pub(crate) async fn start(kind: Kind, runtimes: &Runtimes) -> Result<Service> {
        let script = |runtime: &PathBuf, file: &str| {
            let mut command = Command::new(runtime);
            command.arg(root().join("tests/contract/services").join(file));
            command
        };
        let command = match kind {
            Kind::Rust => Command::new(sibling("contract-service")?),
            Kind::PythonSync => script(&runtimes.python, "python_sync.py"),
            Kind::PythonAsync => script(&runtimes.python, "python_async.py"),
            Kind::NodeConnect => script(&runtimes.node, "node_connect.mjs"),
            Kind::NodeEventSource => script(&runtimes.node, "node_eventsource.mjs"),
        };
        let mut program = Program::start(format!("the service {kind}"), command)?;
        let url = match program.report("its address").await? {
            ServerReport::Listening { url } => url,
            other => bail!("it reported {other:?} where its address was to come"),
        };
        Ok(Service {
            kind,
            url,
            program,
            http: Http::new(),
        })
    }

    /// Asks it for something, as the harness does.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        content: Option<&Value>,
    ) -> Result<Answer> {
        let url = format!("{}{path}", self.url);
        bounded("an answer", self.http.ask(method, &url, content))
            .await?
            .with_context(|| format!("the service{}", self.program.complaints()))
    }

    /// Lets it open a stream, and gives the path under which the service knows it.
    pub(crate) async fn open(&self, params: &Value) -> Result<String> {
        let answer = self.ask(Method::POST, "/", Some(params)).await?;
        ensure!(answer.status == StatusCode::CREATED, "{answer:?}");
        let location = answer.headers.get(header::LOCATION);
        let location = location.context("no Location")?.to_str()?;
        Ok(location.to_owned())
    }

    /// Tells a stream of its something.
    pub(crate) async fn tell(&self, stream: &str, command: &Value) -> Result<()> {
        let answer = self.ask(Method::POST, stream, Some(command)).await?;
        ensure!(answer.status == StatusCode::NO_CONTENT, "{answer:?}");
        Ok(())
    }

    /// Tells it to end, and waits until it has.
    pub(crate) async fn end(self) -> Result<()> {
        let answer = self.ask(Method::DELETE, "/", None).await?;
        ensure!(answer.status == StatusCode::NO_CONTENT, "{answer:?}");
        self.program.ended().await
    }
}
