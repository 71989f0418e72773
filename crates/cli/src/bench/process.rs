//! What the system says of the server's processes, and how many files this one may open.

use std::time::{Duration, Instant};

use crate::failure::Failure;

/// The processes that are measured; none where no `--pid` was given.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pids: Vec<u32>,
}

/// What they have used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    /// User and system time since they began.
    pub(super) cpu: Duration,
    /// Bytes that are resident now.
    pub(super) resident: u64,
}

impl Server {
    /// # Errors
    ///
    /// One is not there, or the system does not tell.
    pub(super) fn new(pids: &[u32]) -> Result<Self, Failure> {
        let server = Self {
            pids: pids.to_vec(),
        };
        server.used().map(|_| server)
    }

    /// What they have used, all together; `None` where there are none.
    pub(super) fn used(&self) -> Result<Option<Used>, Failure> {
        let mut sum: Option<Used> = None;
        for pid in &self.pids {
            let of = one(*pid).map_err(|why| {
                Failure::Said(format!(
                    "cannot tell what process {pid} uses ({why}): --pid takes the id of a running server on this machine, under Linux"
                ))
            })?;
            let before = sum.map_or((Duration::ZERO, 0), |sum| (sum.cpu, sum.resident));
            sum = Some(Used {
                cpu: before.0 + of.cpu,
                resident: before.1 + of.resident,
            });
        }
        Ok(sum)
    }
}

/// The most memory that a server has had, looked at now and then.
#[derive(Debug)]
pub(super) struct Peak<'a> {
    server: &'a Server,
    looked: Instant,
    asked: u32,
    resident: u64,
}

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Of how many calls one looks at the clock, which costs as much as to decode an event.
const ASKED: u32 = 256;

impl<'a> Peak<'a> {
    pub(super) fn new(server: &'a Server) -> Self {
        let mut peak = Self {
            server,
            looked: Instant::now(),
            asked: 0,
            resident: 0,
        };
        peak.look();
        peak
    }

    /// Looks, unless it has just done so.
    pub(super) fn maybe_look(&mut self) {
        self.asked = self.asked.wrapping_add(1);
        if self.asked.is_multiple_of(ASKED) && self.looked.elapsed() > LOOK {
            self.look();
        }
    }

    fn look(&mut self) {
        self.looked = Instant::now();
        // A server that has ended is told by its connections.
        if let Ok(Some(used)) = self.server.used() {
            self.resident = self.resident.max(used.resident);
        }
    }

    /// How much more than `before` it was, in bytes.
    pub(super) fn beyond(mut self, before: Used) -> u64 {
        self.look();
        self.resident.saturating_sub(before.resident)
    }
}

#[cfg(target_os = "linux")]
fn one(pid: u32) -> Result<Used, String> {
    let read = |name: &str| {
        std::fs::read_to_string(format!("/proc/{pid}/{name}")).map_err(|error| error.to_string())
    };
    let cpu = cpu(&read("stat")?, rustix::param::clock_ticks_per_second())
        .ok_or("no times in its stat")?;
    let resident = resident(&read("status")?).ok_or("no VmRSS in its status: it has ended")?;
    Ok(Used { cpu, resident })
}

#[cfg(not(target_os = "linux"))]
fn one(_: u32) -> Result<Used, String> {
    Err("this system has no /proc".into())
}

/// The 14th and 15th field, in ticks. The second is a name that may hold anything, in parentheses.
#[cfg(target_os = "linux")]
fn cpu(stat: &str, ticks_per_second: u64) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let ticks = ticks()? + ticks()?;
    Some(Duration::from_secs_f64(
        ticks as f64 / ticks_per_second as f64,
    ))
}

#[cfg(target_os = "linux")]
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Lets this process open as many files as the system allows it, and says so where that is less than `wanted` sockets.
#[cfg(unix)]
pub(super) fn allow_files(wanted: usize) -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit, setrlimit};

    /// Beside the sockets.
    const OTHERS: u64 = 64;
    let mut limit = getrlimit(Resource::Nofile);
    let needed = wanted as u64 + OTHERS;
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = limit.maximum;
        // What cannot be raised is told below, by what the limit then is.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    match getrlimit(Resource::Nofile).current {
        Some(current) if current < needed => Err(Failure::Said(format!(
            "{wanted} connections need {needed} open files, and this process may have {current}: ask for fewer, run several \
             side by side, or raise the limit (ulimit -Hn)"
        ))),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub(super) fn allow_files(_: usize) -> Result<(), Failure> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_read_as_linux_writes_them() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 1 0 5 1000 10";
        assert_eq!(cpu(stat, 100), Some(Duration::from_secs(2)));
        assert_eq!(
            resident("VmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n"),
            Some(2 << 20)
        );
        assert_eq!(resident("State: Z (zombie)\n"), None);
    }

    #[test]
    fn this_process_is_known_and_another_is_named() {
        let used = Server::new(&[std::process::id()])
            .unwrap()
            .used()
            .unwrap()
            .unwrap();
        assert!(used.resident > 0);
        let Err(Failure::Said(why)) = Server::new(&[u32::MAX]) else {
            panic!("there is no such process");
        };
        assert!(why.contains("4294967295"), "{why}");
    }
}
