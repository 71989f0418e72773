//! A server that runs while it is measured.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail};

use super::cores::Cores;
use crate::sh::processes::{family, kill_tree};

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Dropped, it is ended, with all that it started.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// `http://host:port`.
    pub(crate) url: String,
}

impl Server {
    /// Starts a program that prints `listening on http://...`, or that was told its port, and waits until it listens. What it says
    /// on the standard error goes to a file.
    pub(crate) fn start(
        command: Command,
        cores: &Cores,
        port: Option<u16>,
        log: &Path,
    ) -> Result<Self> {
        let mut command = cores.server(command);
        let shown = format!("{command:?}");
        let file =
            fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {shown}"))?;
        let mut server = Self {
            child,
            url: String::new(),
        };
        let told = match port {
            Some(port) => server.connected(port),
            None => server.told(),
        };
        match told {
            Ok(url) => server.url = url,
            Err(error) => {
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(error.context(format!("{shown}\n{}", said.trim())));
            }
        }
        Ok(server)
    }

    fn told(&mut self) -> Result<String> {
        let stdout = self.child.stdout.take().context("no standard output")?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = sender.send(line);
            // Whatever else it prints must not fill the pipe.
            let _ = stdout.read_to_end(&mut Vec::new());
        });
        let line = lines
            .recv_timeout(PATIENCE)
            .context("it did not say where it listens")?;
        let Some(url) = line.trim().strip_prefix("listening on ") else {
            bail!("it said {line:?} instead of where it listens");
        };
        Ok(url.to_owned())
    }

    fn connected(&mut self, port: u16) -> Result<String> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended ({status})");
            }
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(format!("http://127.0.0.1:{port}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("it does not listen on port {port}")
    }

    /// Its processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        family(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        kill_tree(&mut self.child);
    }
}
