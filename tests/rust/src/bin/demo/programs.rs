//! The programs of the demo.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use eventwire_tests::program::{Program, root, sibling};

/// The topic of the demo.
pub(crate) const TARGET: &str = "/events?topic=demo";

#[derive(Debug, Clone, Copy)]
pub(crate) enum Language {
    Rust,
    Python,
    Node,
}

pub(crate) const LANGUAGES: [Language; 3] = [Language::Rust, Language::Python, Language::Node];

/// What runs them.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) python: PathBuf,
    pub(crate) node: PathBuf,
}

impl Programs {
    /// A subscriber to `url`; it prints for people, or with `--json` for programs.
    pub(crate) fn subscriber(
        &self,
        language: Language,
        url: &str,
        options: &[&str],
    ) -> Result<Program> {
        let mut command = match language {
            Language::Rust => Command::new(sibling("demo-subscriber")?),
            Language::Python => script(&self.python, "subscriber.py"),
            Language::Node => script(&self.node, "subscriber.mjs"),
        };
        command.arg(url).args(options);
        Program::start(format!("the subscriber in {language:?}"), command)
    }

    pub(crate) fn publisher(&self, hub: SocketAddr, options: &[&str]) -> Result<Program> {
        let mut command = script(&self.python, "publisher.py");
        command.arg(format!("http://{hub}")).args(options);
        Program::start("the publisher in Python", command)
    }
}

fn script(interpreter: &PathBuf, file: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.arg(root().join("examples/demo").join(file));
    command
}
