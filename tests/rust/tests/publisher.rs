//! A publisher and a hub with something bad between them: the hub stores, and the answer does not arrive.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use eventwire::{
    EventId, Hub, Outcome, PublishMessage, Publisher, PublisherOptions, RetryPolicy, ServeOptions,
    Server, Start, Subscribe,
};
use eventwire_tests::bounded;
use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// Lets the hub answer, and cuts the connection instead of passing the answer on, for the first requests.
struct Cutting {
    address: SocketAddr,
    left: Arc<AtomicUsize>,
}

impl Cutting {
    async fn start(hub: SocketAddr, cuts: usize) -> Cutting {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let left = Arc::new(AtomicUsize::new(cuts));
        let counter = left.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let cut = counter
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                        left.checked_sub(1)
                    })
                    .is_ok();
                tokio::spawn(relay(client, hub, cut));
            }
        });
        Cutting { address, left }
    }

    fn publisher(&self) -> Publisher {
        let policy = RetryPolicy::new()
            .base(Duration::from_millis(5))
            .min(Duration::ZERO);
        let options = PublisherOptions::new().retry(policy);
        Publisher::new(format!("http://{}", self.address), options).unwrap()
    }

    fn all_cut(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

async fn relay(mut client: TcpStream, hub: SocketAddr, cut: bool) {
    let mut hub = TcpStream::connect(hub).await.unwrap();
    if !cut {
        let _ = copy_bidirectional(&mut client, &mut hub).await;
        return;
    }
    let (mut bytes, mut answer) = ([0; 65536], [0; 12]);
    loop {
        tokio::select! {
            read = client.read(&mut bytes) => match read {
                Ok(0) | Err(_) => return,
                Ok(count) => hub.write_all(&bytes[..count]).await.unwrap(),
            },
            read = hub.read_exact(&mut answer) => {
                read.unwrap();
                // The hub has it.
                assert_eq!(&answer, b"HTTP/1.1 200");
                client.set_zero_linger().unwrap();
                return;
            }
        }
    }
}

async fn serve(hub: &Hub) -> Server {
    hub.serve("127.0.0.1:0", ServeOptions::new()).await.unwrap()
}

/// The data of all that the hub holds, in order.
async fn held(hub: &Hub) -> Vec<String> {
    let mut frames = hub
        .subscribe(Subscribe::to(["a"]).start(Start::Earliest))
        .unwrap();
    hub.close();
    let mut datas = Vec::new();
    let mut decoder = eventwire::Decoder::new();
    while let Some(frame) = frames.next().await {
        let mut items = decoder.feed(&frame);
        while let Some(event) = items.next_event().unwrap() {
            datas.push(event.data().to_owned());
        }
    }
    datas
}

#[tokio::test]
async fn what_was_stored_before_its_answer_was_lost_is_one_event() {
    bounded("what was published", async {
        let hub = Hub::new();
        let server = serve(&hub).await;
        let cutting = Cutting::start(server.local_addr(), 3).await;
        let publisher = cutting.publisher();
        let id = publisher.publish("a", "x").await.unwrap();
        assert!(cutting.all_cut(), "the test has shown nothing");
        assert_eq!(id.parse::<EventId>().unwrap().offset(), 1);
        assert_eq!(held(&hub).await, ["x"]);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn batches_that_were_stored_before_their_answers_were_lost_are_stored_once_and_in_order() {
    bounded("what was published", async {
        let hub = Hub::new();
        let server = serve(&hub).await;
        let cutting = Cutting::start(server.local_addr(), 4).await;
        let publisher = cutting.publisher();
        let calls = (0..1000).map(|n: usize| {
            let message = PublishMessage::new(n.to_string());
            publisher.publish("a", message)
        });
        let ids = join_all(calls).await;
        assert!(cutting.all_cut(), "the test has shown nothing");
        let offsets: Vec<u64> = ids
            .into_iter()
            .map(|id| id.unwrap().parse::<EventId>().unwrap().offset())
            .collect();
        assert_eq!(offsets, (1..=1000).collect::<Vec<_>>());
        let expected: Vec<_> = (0..1000).map(|n| n.to_string()).collect();
        assert_eq!(held(&hub).await, expected);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn each_call_is_told_its_own_by_a_hub() {
    bounded("what was published", async {
        let hub = Hub::new();
        let server = serve(&hub).await;
        let publisher = Publisher::new(server.url(), PublisherOptions::new()).unwrap();
        publisher
            .publish("a", PublishMessage::new("0").key("k"))
            .await
            .unwrap();
        let messages = [
            PublishMessage::new("1"),
            PublishMessage::new("2").key("k"),
            PublishMessage::new("3").event("eventwire.x"),
            PublishMessage::new("0").key("k"),
            PublishMessage::new("4"),
        ];
        let calls = messages.map(|message| publisher.publish("a", message));
        let answers = join_all(calls).await;
        let told: Vec<_> = answers
            .iter()
            .map(|answer| match answer {
                Ok(id) => id.rsplit('-').next().unwrap().to_owned(),
                Err(error) => error.status().unwrap().to_string(),
            })
            .collect();
        assert_eq!(told, ["2", "409", "400", "1", "3"]);
        assert_eq!(held(&hub).await, ["0", "1", "4"]);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_keep_their_own_order_and_every_flush_comes_back() {
    bounded("many tasks", async {
        let hub = Hub::new();
        let server = serve(&hub).await;
        let publisher = Publisher::new(server.url(), PublisherOptions::new()).unwrap();
        let tasks = (0..16).map(|task| {
            let publisher = publisher.clone();
            tokio::spawn(async move {
                for n in 0..100 {
                    publisher.publish("a", format!("{task} {n}")).await.unwrap();
                    if n % 10 == task % 10 {
                        publisher.flush().await;
                    }
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert!(
            publisher.close(Duration::ZERO).await,
            "all have their answers"
        );
        let held = held(&hub).await;
        for task in 0..16 {
            let own = held
                .iter()
                .filter_map(|data| data.strip_prefix(&format!("{task} ")));
            let expected: Vec<_> = (0..100).map(|n| n.to_string()).collect();
            assert_eq!(own.collect::<Vec<_>>(), expected);
        }
        assert_eq!(held.len(), 1600);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_the_hub_is_refused_at_the_first_attempt_and_known_not_to_be_stored()
{
    let hub = Hub::new();
    for (max_body, size) in [
        (16 << 20, 40_000_000),
        (16 << 20, 17_000_000),
        (1000, 10_000_000),
        (1000, 1001),
    ] {
        let options = ServeOptions::new().max_body(max_body);
        let server = hub.serve("127.0.0.1:0", options).await.unwrap();
        let publisher = Publisher::new(server.url(), PublisherOptions::new()).unwrap();
        for _ in 0..3 {
            let error = publisher.publish("a", "x".repeat(size)).await.unwrap_err();
            assert_eq!(
                (error.status(), error.attempt(), error.outcome()),
                (Some(413), 1, Some(Outcome::NotStored)),
                "{size}: {error}"
            );
        }
        server.close();
    }
    assert_eq!(hub.stats().published, 0);
}
