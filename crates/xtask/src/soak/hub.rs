//! The hub's process, and what it and the system say of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::bench::fan_out::cores::Cores;
use crate::bench::fan_out::server::Server;
use crate::sh::Shell;

/// How long an answer about itself may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a hub says of itself at /metrics.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// How many streams it holds.
    pub(super) subscribers: u64,
    /// For each reason, how many streams have ended for it.
    pub(super) ended: BTreeMap<String, u64>,
}

/// A hub in a process of its own. Dropped, it is ended.
pub(super) struct Hub(Server);

impl Hub {
    /// Starts `eventwire serve` with these arguments behind those that every hub of a soak has.
    pub(super) fn start(shell: &Shell, eventwire: &Path, args: &[String]) -> Result<Self> {
        let mut command = shell.command(eventwire);
        command
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--max-connections",
                "100000",
            ])
            .args(args);
        let folder = shell.path("target/soak");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let server = Server::start(command, &Cores::unbound(), None, &folder.join("hub.log"))?;
        Ok(Self(server))
    }

    pub(super) fn url(&self) -> &str {
        &self.0.url
    }

    pub(super) fn pid(&self) -> u32 {
        self.0.pids().first().copied().unwrap_or_default()
    }

    /// Bytes that are resident; `None` where the system does not tell.
    pub(super) fn resident(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
    }

    pub(super) fn told(&self) -> Result<Told> {
        let host = self.url().trim_start_matches("http://");
        let mut socket =
            TcpStream::connect(host).context("the hub takes no connection any more")?;
        socket.set_read_timeout(Some(PATIENCE))?;
        write!(
            socket,
            "GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        socket
            .read_to_string(&mut answer)
            .context("the hub does not say how it is")?;
        told(&answer).context("/metrics does not say how many subscribers there are")
    }
}

fn told(metrics: &str) -> Option<Told> {
    let line = |line: &str| {
        let rest = line.strip_prefix("eventwire_ended_total{reason=\"")?;
        let (reason, count) = rest.split_once("\"} ")?;
        Some((reason.to_owned(), count.trim().parse().ok()?))
    };
    let subscribers = metrics
        .lines()
        .find_map(|line| line.strip_prefix("eventwire_subscribers "))?;
    Some(Told {
        subscribers: subscribers.trim().parse().ok()?,
        ended: metrics.lines().filter_map(line).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_streams_are_read_with_their_reasons() {
        let page = "# TYPE eventwire_ended_total counter\n\
                    eventwire_ended_total{reason=\"gone\"} 3\n\
                    eventwire_ended_total{reason=\"slow\"} 4\n\
                    eventwire_subscribers 2\n";
        let expected = Told {
            subscribers: 2,
            ended: [("gone".to_owned(), 3), ("slow".to_owned(), 4)].into(),
        };
        assert_eq!(told(page), Some(expected));
        assert_eq!(told("eventwire_connections 1\n"), None);
    }
}
