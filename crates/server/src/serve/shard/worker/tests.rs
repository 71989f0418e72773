//! A worker that is driven by hand, turn by turn, with real sockets.

use std::io::Read;
use std::net::{TcpListener, TcpStream};

use super::super::super::accept::Counted;
use super::super::super::handover::Framing;
use super::super::super::server::Counts;
use super::super::Shards;
use super::*;
use crate::{Hub, Publication, Start, Subscribe};

const TIMEOUT: Duration = Duration::from_secs(30);

struct Bench {
    hub: Hub,
    worker: Worker,
    _phase: watch::Sender<Phase>,
}

impl Bench {
    fn new() -> Self {
        let hub = Hub::builder().heartbeat(None).build().unwrap();
        let (phase, phases) = watch::channel(Phase::Serving);
        Self {
            worker: Worker::new(hub.shared().clone(), TIMEOUT, phases).unwrap(),
            hub,
            _phase: phase,
        }
    }

    async fn publish(&self, topic: &str, data: &str) -> String {
        let publication = Publication::new(topic, data);
        self.hub.publish(publication).await.unwrap().to_string()
    }

    /// What a turn of the loop does with its letters.
    fn turn(&mut self) {
        let mut letters = Letters::default();
        self.worker.inbox.take(&mut letters);
        self.worker.open(&mut letters);
    }

    /// Visits all who stand in line, and forgets no pages, as if others still stood there.
    fn visit_all(&mut self) {
        while let Some(key) = self.worker.line.pop_front() {
            self.worker.visit(key);
        }
    }

    /// All that the client of a stream got until its end.
    fn rest(self, mut client: TcpStream) -> String {
        drop(self);
        let mut all = String::new();
        client.read_to_string(&mut all).unwrap();
        all
    }
}

/// A stream on its way to a shard, and its client.
fn stream(hub: &Hub, topic: &str, after: &str) -> (Taken, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(TIMEOUT)).unwrap();
    let (socket, _) = listener.accept().unwrap();
    socket.set_nonblocking(true).unwrap();
    let start = Start::After(after.to_owned());
    let taken = Taken {
        socket,
        head: Vec::new(),
        framing: Framing::Plain,
        stream: hub.subscribe(Subscribe::to([topic]).start(start)).unwrap(),
        counted: Counted::new(&Arc::new(Counts::default())),
    };
    (taken, client)
}

fn offer(bench: &Bench, topic: &str, after: &str) -> TcpStream {
    let (taken, client) = stream(&bench.hub, topic, after);
    bench.worker.inbox.reserve().unwrap().take(taken);
    client
}

#[tokio::test]
async fn who_comes_back_gets_what_nobody_of_the_shard_was_told_of() {
    let mut bench = Bench::new();
    let before = bench.publish("of others", "x").await;
    let client = offer(&bench, "v", &before);
    bench.turn();
    bench.visit_all();
    bench.worker.remove(0, None);
    drop(client);
    bench.publish("v", "one").await;

    let client = offer(&bench, "v", &before);
    bench.turn();
    bench.visit_all();
    bench.publish("v", "two").await;
    bench.turn();
    bench.visit_all();
    let got = bench.rest(client);
    let data: Vec<_> = got.lines().filter(|l| l.starts_with("data")).collect();
    assert_eq!(data, ["data: one", "data: two"], "{got}");
}

#[tokio::test]
async fn the_second_of_a_topic_gets_what_only_the_first_was_told_of() {
    let mut bench = Bench::new();
    let before = bench.publish("of others", "x").await;
    let _first = offer(&bench, "v", &before);
    bench.turn();
    bench.visit_all();
    let second = offer(&bench, "v", &before);
    let mut letters = Letters::default();
    bench.worker.inbox.take(&mut letters);
    // It is on the way in, and in no group yet.
    bench.publish("v", "one").await;
    bench.worker.open(&mut letters);
    bench.visit_all();
    bench.publish("v", "two").await;
    bench.turn();
    bench.visit_all();
    let got = bench.rest(second);
    let data: Vec<_> = got.lines().filter(|l| l.starts_with("data")).collect();
    assert_eq!(data, ["data: one", "data: two"], "{got}");
}

#[tokio::test]
async fn a_shard_that_has_ended_by_a_panic_gets_no_more_streams() {
    let (broken, other) = (Bench::new(), Bench::new());
    let shards = Shards(vec![broken.worker.inbox(), other.worker.inbox()]);
    let seat = shards.reserve().unwrap();
    let inbox = broken.worker.inbox();
    assert_eq!((inbox.load(), other.worker.inbox.load()), (1, 0));
    let (taken, mut client) = stream(&broken.hub, "v", "");
    let hub = broken.hub.clone();
    // As its thread does.
    drop(broken);

    let others: Vec<_> = (0..3).map(|_| shards.reserve().unwrap()).collect();
    assert_eq!((inbox.load(), other.worker.inbox.load()), (1, 3));
    drop(others);
    // The one that was on its way is cut, and nothing of it is kept.
    seat.take(taken);
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    assert_eq!((inbox.load(), hub.stats().subscribers), (0, 0));
}
