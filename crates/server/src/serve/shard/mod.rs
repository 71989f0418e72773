//! Threads that own many sockets each, and write events to them.
//!
//! A shard keeps a cursor for each of its subscribers and no buffer: the log is the buffer. What it is told is which groups (the
//! subscribers of one topic that it has) have news from which offset on; then it reads the log once for all who are at the same
//! place, and gives each socket all that it lacks in one send. A socket that would block keeps its cursor, and what is left
//! of the frame that it was in.
//!
//! - `inbox`: what other threads leave for it. `worker`: the loop. `subscriber`: one socket. `pages`: what is read and
//!   shared. `groups`: who has which topic. `wheel`: its timers.

mod groups;
mod inbox;
mod pages;
mod subscriber;
mod wheel;
mod worker;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub(super) use self::inbox::Seat;

use self::inbox::Inbox;
use self::worker::Worker;
use super::server::Phase;
use crate::hub::Hub;
use crate::state::Shard;

/// The shards of one server.
#[derive(Debug)]
pub(super) struct Shards(Vec<Arc<Inbox>>);

impl Shards {
    /// Starts so many threads. Each ends when the server has drained or is closed.
    ///
    /// # Errors
    ///
    /// The system gives no thread, or no epoll instance. Those that were started end again.
    pub(super) fn start(
        hub: &Hub,
        threads: usize,
        write_timeout: Duration,
        phase: &watch::Sender<Phase>,
    ) -> io::Result<Self> {
        let workers = (0..threads)
            .map(|_| Worker::new(hub.shared().clone(), write_timeout, phase.subscribe()))
            .collect::<io::Result<Vec<_>>>()?;
        let shards = Self(workers.iter().map(Worker::inbox).collect());
        for worker in workers {
            let started = std::thread::Builder::new()
                .name("eventwire-shard".to_owned())
                .spawn(move || worker.run());
            if let Err(error) = started {
                phase.send_replace(Phase::Closed);
                shards.alert();
                return Err(error);
            }
        }
        Ok(shards)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A place in the shard that has the fewest streams, of those that have not ended; none where there is no such shard.
    pub(super) fn reserve(&self) -> Option<Seat> {
        let open = self.0.iter().filter(|inbox| inbox.is_open());
        open.min_by_key(|inbox| inbox.load())?.reserve()
    }

    /// How many streams they have.
    pub(super) fn load(&self) -> usize {
        self.0.iter().map(|inbox| inbox.load()).sum()
    }

    /// Lets them see what the server is at.
    pub(super) fn alert(&self) {
        self.0.iter().for_each(|inbox| inbox.alert());
    }
}
