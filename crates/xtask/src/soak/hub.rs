//! The hub's process, and what it and the system say of it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bench::fan_out::cores::Cores;
use crate::bench::fan_out::server::Server;
use crate::sh::Shell;

/// How long an answer about itself may take.
const PATIENCE: Duration = Duration::from_secs(10);

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

    /// What it says of itself: its JSON at /health.
    pub(super) fn health(&self) -> Result<Value> {
        let host = self.url().trim_start_matches("http://");
        let mut socket =
            TcpStream::connect(host).context("the hub takes no connection any more")?;
        socket.set_read_timeout(Some(PATIENCE))?;
        write!(
            socket,
            "GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        socket
            .read_to_string(&mut answer)
            .context("the hub does not say how it is")?;
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .context("the hub gave no answer")?;
        serde_json::from_str(body).with_context(|| format!("/health gave no JSON: {body}"))
    }
}

/// How many streams have ended, all reasons together, by what a hub says of itself; `None` where it does not say.
pub(super) fn ended(health: &Value) -> Option<u64> {
    let reasons = reasons(health)?.as_object()?;
    Some(reasons.values().filter_map(Value::as_u64).sum())
}

/// For each reason, how many streams have ended for it.
pub(super) fn reasons(health: &Value) -> Option<&Value> {
    health
        .get("ended")
        .or_else(|| health.get("stats")?.get("ended"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ends_are_added_up_where_a_hub_tells_them() {
        assert_eq!(ended(&json!({"status": "ok"})), None);
        assert_eq!(ended(&json!({"ended": {"gone": 3, "slow": 4}})), Some(7));
        assert_eq!(ended(&json!({"stats": {"ended": {"slow": 1}}})), Some(1));
    }
}
