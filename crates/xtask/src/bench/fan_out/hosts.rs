//! Everything that the servers are made of: built, installed, and started.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::super::contest::Language;
use super::super::runners::{self, Build};
use super::contest::{Contestant, Host};
use crate::env::native::{BENCH_MANIFEST, BENCH_TARGET};
use crate::env::{native, node, system};
use crate::sh::Shell;

/// The package in tests/bench/rust.
const PEERS: &str = "eventwire-bench-fan-out";

/// What was built.
#[derive(Debug)]
pub(super) struct Hosts {
    pub(super) build: Build,
    /// The command line, which is a server of ours and the load client.
    pub(super) eventwire: PathBuf,
    node: PathBuf,
    node_package: PathBuf,
    python: PathBuf,
    python_package: PathBuf,
    nginx: Option<PathBuf>,
    /// Whether `eventwire serve` can be told how many threads deliver.
    pub(super) has_threads: bool,
    /// Why a contestant cannot take part.
    pub(super) missing: Vec<(&'static str, String)>,
}

impl Hosts {
    /// Builds and installs what these need.
    pub(super) fn prepare(shell: &Shell, build: Build, contestants: &[Contestant]) -> Result<Self> {
        let needs = |what: fn(&Host) -> bool| contestants.iter().any(|one| what(&one.host));
        let mut hosts = Self {
            build,
            eventwire: native::build_command(
                shell,
                match build {
                    Build::Release => "pack",
                    Build::Development => "dev",
                },
            )?,
            node: PathBuf::new(),
            node_package: PathBuf::new(),
            python: PathBuf::new(),
            python_package: PathBuf::new(),
            nginx: None,
            has_threads: false,
            missing: Vec::new(),
        };
        hosts.has_threads = hosts.takes(shell, "--threads")?;
        build_rust(shell, build)?;
        if needs(|host| matches!(host, Host::Node(_) | Host::Eventwire(Language::Node))) {
            node::packages_in(shell, "tests/bench/node", "benchmarks in Node")?;
            hosts.node = node::node(shell)?.0;
            hosts.node_package = runners::node_package(shell, build)?;
        }
        if needs(|host| matches!(host, Host::Python(_) | Host::Eventwire(Language::Python))) {
            hosts.python = runners::python_of_benchmarks(shell)?;
            hosts.python_package = runners::python_package(shell, build)?;
        }
        if needs(|host| *host == Host::Nginx) {
            match system::nchan(shell) {
                Ok(nginx) => hosts.nginx = Some(nginx),
                // A peer that cannot be installed here is said in the report; the others are measured.
                Err(error) => hosts
                    .missing
                    .push((super::contest::NCHAN, format!("{error:#}"))),
            }
        }
        Ok(hosts)
    }

    /// The program of a server, to be started, and the port that it was told, where it does not tell.
    pub(super) fn command(
        &self,
        shell: &Shell,
        contestant: &Contestant,
        threads: u8,
    ) -> Result<(Command, Option<u16>)> {
        let program = match contestant.host {
            Host::Eventwire(Language::Rust) => {
                let mut command = shell.command(&self.eventwire);
                command.args([
                    "serve",
                    "--listen",
                    "127.0.0.1:0",
                    "--max-connections",
                    "20000",
                ]);
                if self.has_threads {
                    command.arg(format!("--threads={threads}"));
                }
                command
            }
            Host::Eventwire(Language::Node) => {
                let mut command = shell.command(&self.node);
                command
                    .arg(shell.path("tests/bench/node/fan_out_eventwire.mjs"))
                    .arg(&self.node_package);
                command
            }
            Host::Eventwire(Language::Python) => {
                let mut command = shell.command(&self.python);
                command.arg(shell.path("tests/bench/python/fan_out_eventwire.py"));
                command.env("PYTHONPATH", &self.python_package);
                command
            }
            Host::Rust(name) => shell.command(runners::rust_program(shell, self.build, name)),
            Host::Node(name) => {
                let mut command = shell.command(&self.node);
                command.arg(shell.path("tests/bench/node").join(name));
                command
            }
            Host::Python(name) => {
                let mut command = shell.command(&self.python);
                command.arg(shell.path("tests/bench/python").join(name));
                command
            }
            Host::Nginx => return self.nginx(shell),
        };
        Ok((program, None))
    }

    /// Whether `eventwire serve` has an option.
    fn takes(&self, shell: &Shell, option: &str) -> Result<bool> {
        let mut help = shell.command(&self.eventwire);
        help.args(["serve", "--help"]);
        Ok(shell.quiet(help)?.text.contains(option))
    }

    fn nginx(&self, shell: &Shell) -> Result<(Command, Option<u16>)> {
        let nginx = self.nginx.as_ref().context("nginx is not there")?;
        let folder = shell.path("target/bench/nginx");
        fs::create_dir_all(folder.join("tmp"))
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let port = free_port()?;
        let template = shell.path("tests/bench/nginx.conf");
        let text = fs::read_to_string(&template)
            .with_context(|| format!("cannot read {}", template.display()))?;
        let text = text
            .replace("{port}", &port.to_string())
            .replace("{module}", system::NCHAN);
        let file = folder.join("nginx.conf");
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let mut command = shell.command(nginx);
        command
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr"]);
        Ok((command, Some(port)))
    }
}

/// Builds the programs of the package in tests/bench/rust.
pub(super) fn build_rust(shell: &Shell, build: Build) -> Result<()> {
    let mut command = shell.cargo();
    command.args(["build", "--locked", "--manifest-path", BENCH_MANIFEST]);
    command.args(["--target-dir", BENCH_TARGET, "-p", PEERS]);
    if build == Build::Release {
        command.arg("--release");
    }
    shell.step("servers in Rust", command).map(drop)
}

/// A port that nobody listens on. Somebody might before it is used, and then the server says so.
fn free_port() -> Result<u16> {
    let listener =
        std::net::TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free port")?;
    Ok(listener.local_addr()?.port())
}

/// What takes part, in which version: as it was pinned, or as it says of itself.
pub(super) fn versions(shell: &Shell, hosts: &Hosts) -> Result<BTreeMap<String, String>> {
    let mut versions = BTreeMap::new();
    for (file, names) in [
        ("Cargo.toml", &["version"][..]),
        ("tests/bench/rust/fan-out/Cargo.toml", &["axum"]),
        ("tests/bench/node/package.json", &["better-sse"]),
        (
            "tests/bench/python/requirements.txt",
            &["sse-starlette", "uvicorn", "uvloop"],
        ),
    ] {
        let path = shell.path(file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for name in names {
            let version = pinned(&text, name)
                .with_context(|| format!("{file} names no version of {name}"))?;
            let name = if *name == "version" {
                "eventwire"
            } else {
                name
            };
            versions.insert(name.to_owned(), version);
        }
    }
    versions.insert(
        "Node".into(),
        node::node(shell)?.1.trim_start_matches('v').to_owned(),
    );
    if let Some(nginx) = &hosts.nginx {
        let mut command = shell.command(nginx);
        command.arg("-v");
        let said = shell.quiet(command)?.text;
        if let Some((_, version)) = said.trim().rsplit_once('/') {
            versions.insert("nginx".into(), version.to_owned());
        }
        let mut command = shell.command("dpkg-query");
        command.args(["-W", "-f", "${Version}", "libnginx-mod-nchan"]);
        if let Ok(done) = shell.quiet(command)
            && done.ok
        {
            versions.insert("nchan".into(), done.text);
        }
    }
    Ok(versions)
}

/// The version behind a name at the start of a line: `name = "1.2"`, `"name": "1.2",` or `name==1.2`.
fn pinned(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let rest = line.trim().trim_start_matches('"').strip_prefix(name)?;
        // No letter may follow: that would be another name.
        rest.starts_with(['"', ' ', '=', ':']).then_some(())?;
        let version = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = version.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
        Some(version[..end.unwrap_or(version.len())].to_owned())
            .filter(|version| !version.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_pinned() {
        assert_eq!(
            pinned("a = 1\naxum = { version = \"=0.8.9\" }", "axum").as_deref(),
            Some("0.8.9")
        );
        assert_eq!(
            pinned("  \"better-sse\": \"0.16.1\",", "better-sse").as_deref(),
            Some("0.16.1")
        );
        assert_eq!(
            pinned("uvicornx==1\nuvicorn==0.54.0", "uvicorn").as_deref(),
            Some("0.54.0")
        );
        assert_eq!(pinned("axum-core = \"1\"", "axum"), None);
    }
}
