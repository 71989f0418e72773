//! What shards do with many sockets, some of which do not read. The rules for a stream that stays with hyper are the same.

mod support;

use std::time::Duration;

use eventwire_server::{
    Access, Denied, EventId, Hub, HubBuilder, Identity, Publication, ServeOptions, Server, Slow,
};
use tokio::io::AsyncReadExt;

use support::{PATIENCE, Raw, id, publish, unchunked, until, within};

/// Written by shards, and by hyper.
const WAYS: [usize; 2] = [1, 0];

fn small() -> ServeOptions {
    // Little fits between the log and a client that does not read.
    ServeOptions::new().send_buffer(4 << 10)
}

async fn serve(hub: &Hub, options: ServeOptions) -> Server {
    hub.serve("127.0.0.1:0", options).await.unwrap()
}

fn build(builder: HubBuilder) -> Hub {
    builder.build().unwrap()
}

/// A stream whose mark is read, and nothing after it.
async fn open(server: &Server, target: &str) -> Raw {
    let mut raw = Raw::get(server, target, "").await;
    raw.take("\r\n\r\n").await;
    raw.take("\n\n").await;
    raw
}

/// Publishes until the log has far passed what the system buffers for a client.
async fn flood(hub: &Hub, events: usize) {
    for number in 0..events {
        let data = format!("{number} {}", "x".repeat(20_000));
        publish(hub, "a", &data).await;
    }
}

/// The offsets of the events in a body, the resets among them apart.
fn offsets(body: &str) -> (Vec<u64>, Vec<u64>) {
    let (mut events, mut resets) = (Vec::new(), Vec::new());
    for block in body.split_inclusive("\n\n").filter(|b| b.ends_with("\n\n")) {
        let Some(line) = block.lines().find_map(|line| line.strip_prefix("id: ")) else {
            continue;
        };
        let offset = line.parse::<EventId>().unwrap().offset();
        if block.contains("event: eventwire.reset") {
            resets.push(offset);
        } else if block.contains("\ndata") {
            events.push(offset);
        }
    }
    (events, resets)
}

#[tokio::test]
async fn who_takes_nothing_for_the_write_timeout_is_ended() {
    for threads in WAYS {
        let hub = build(Hub::builder().max_bytes(1 << 30));
        let options = small().threads(threads);
        let server = serve(&hub, options.write_timeout(Duration::from_millis(200))).await;
        let mut stalled = open(&server, "/events?topic=a").await;
        let mut reads = open(&server, "/events?topic=a").await;
        let all = tokio::spawn(async move { reads.rest().await });
        flood(&hub, 500).await;
        until("it is ended", || hub.stats().ended.stalled == 1).await;
        hub.close();
        let (body, ended) = unchunked(within(all).await.unwrap().trim_start());
        assert!(ended, "the other one goes on");
        assert_eq!(offsets(&body).0, (1..=500).collect::<Vec<_>>());
        // What it had got before is whole frames in order, and the last one is cut.
        let got = stalled.rest().await;
        let (events, _) = offsets(&unchunked(got.trim_start()).0);
        assert_eq!(events, (1..=events.len() as u64).collect::<Vec<_>>());
        assert!(events.len() < 500 && !got.ends_with("0\r\n\r\n"));
    }
}

/// A client's machine that is gone from one moment to the next: no packet reaches it any more, and so none comes back.
fn vanish(raw: &Raw) {
    // A filter of one instruction, for the socket's own packets (socket(7), SO_ATTACH_FILTER): keep nothing of them.
    let keep_nothing = socket2::SockFilter::new((libc::BPF_RET | libc::BPF_K) as u16, 0, 0, 0);
    let socket = socket2::SockRef::from(&raw.socket);
    socket.attach_filter(&[keep_nothing]).unwrap();
}

#[tokio::test]
async fn a_peer_that_has_vanished_is_noticed_with_data_under_way_and_without() {
    for threads in WAYS {
        for heartbeat in [Some(Duration::from_millis(100)), None] {
            let hub = build(Hub::builder().heartbeat(heartbeat));
            // The least that there is; how long it takes is the business of the system.
            let least = Duration::from_secs(4);
            let options = small().threads(threads).peer_timeout(least);
            let server = serve(&hub, options).await;
            let vanished = open(&server, "/events?topic=a").await;
            let mut stays = open(&server, "/events?topic=a").await;
            vanish(&vanished);
            until("it is noticed", || hub.stats().ended.vanished == 1).await;
            publish(&hub, "a", "x").await;
            stays.take("data: x\n\n").await;
            assert_eq!(hub.stats().subscribers, 1);
        }
    }
}

#[tokio::test]
async fn who_is_passed_by_the_logs_tail_is_ended_though_it_does_not_read() {
    let hub = build(Hub::builder().max_events(10));
    let server = serve(&hub, small().threads(1)).await;
    let mut slow = open(&server, "/events?topic=a").await;
    flood(&hub, 500).await;
    until("it is ended", || hub.stats().ended.slow == 1).await;
    until("nobody lags", || hub.stats().lag == 0).await;
    let (events, _) = offsets(&unchunked(slow.rest().await.trim_start()).0);
    assert_eq!(events, (1..=events.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn who_may_skip_is_told_what_it_missed_and_goes_on() {
    for threads in WAYS {
        let hub = build(Hub::builder().max_events(10).slow(Slow::Skip));
        let server = serve(&hub, small().threads(threads)).await;
        let mut slow = open(&server, "/events?topic=a").await;
        flood(&hub, 500).await;
        hub.close();
        let (body, ended) = unchunked(slow.rest().await.trim_start());
        assert!(ended);
        let (events, resets) = offsets(&body);
        assert!(events.ends_with(&(491..=500).collect::<Vec<_>>()));
        // Every hole is told just before what follows it, and nothing else is.
        let before = std::iter::once(0).chain(events.iter().copied());
        let holes: Vec<u64> = before
            .zip(&events)
            .filter(|(before, next)| before + 1 != **next)
            .map(|(_, next)| next - 1)
            .collect();
        assert_eq!(resets, holes);
        assert!(!resets.is_empty());
        until("they are counted", || {
            hub.stats().resets == resets.len() as u64
        })
        .await;
    }
}

#[tokio::test]
async fn a_slow_reader_shows_in_the_lag_until_it_reads() {
    let hub = build(Hub::builder().max_bytes(1 << 30));
    let server = serve(&hub, small().threads(1)).await;
    let mut slow = open(&server, "/events?topic=a").await;
    flood(&hub, 500).await;
    until("it lags", || hub.stats().lag > 100).await;
    let reading = tokio::spawn(async move {
        slow.take("\n499 ").await;
        slow
    });
    until("it has caught up", || hub.stats().lag == 0).await;
    // The data line begins with its number.
    reading.abort();
}

#[tokio::test]
async fn a_quiet_stream_gets_a_comment_and_a_mark_of_the_logs_end() {
    for threads in WAYS {
        let hub = build(Hub::builder().heartbeat(Duration::from_millis(50)));
        let server = serve(&hub, ServeOptions::new().threads(threads)).await;
        let mut raw = open(&server, "/events?topic=a").await;
        raw.take(&format!(":\nid: {}\n\n", id(&hub, 0))).await;
        publish(&hub, "b", "of others").await;
        raw.take(&format!(":\nid: {}\n\n", id(&hub, 1))).await;
        let own = publish(&hub, "a", "x").await;
        raw.take(&format!("id: {own}\ndata: x\n\n")).await;
        raw.take(&format!(":\nid: {own}\n\n")).await;
        raw.take(&format!(":\nid: {own}\n\n")).await;
    }
}

#[tokio::test]
async fn a_stream_ends_when_what_allows_it_does() {
    for threads in WAYS {
        let hub = Hub::new();
        let authorizer = |_: Access| async {
            let identity = Identity::new("reader").may_subscribe(["a"]);
            Ok::<_, Denied>(identity.expires_in(Duration::from_millis(100)))
        };
        let options = ServeOptions::new().threads(threads).authorizer(authorizer);
        let server = serve(&hub, options).await;
        let mut raw = open(&server, "/events?topic=a").await;
        assert!(raw.rest().await.ends_with("0\r\n\r\n"));
        until("it is counted", || hub.stats().ended.expired == 1).await;
    }
}

#[tokio::test]
async fn draining_gives_everything_first() {
    for threads in WAYS {
        let hub = Hub::new();
        let server = serve(&hub, ServeOptions::new().threads(threads)).await;
        let mut streams = Vec::new();
        for _ in 0..20 {
            streams.push(open(&server, "/events?topic=a").await);
        }
        for number in 0..100 {
            publish(&hub, "a", &number.to_string()).await;
        }
        assert!(within(server.drain(PATIENCE)).await);
        for mut stream in streams {
            let (body, ended) = unchunked(stream.rest().await.trim_start());
            assert!(ended);
            assert_eq!(offsets(&body).0, (1..=100).collect::<Vec<_>>());
        }
        assert_eq!(hub.stats().ended.drained, 20);
        assert!(Raw::try_connect(server.local_addr()).await.is_none());
    }
}

#[tokio::test]
async fn what_is_replayed_is_whole_and_in_order_for_everybody() {
    let hub = Hub::new();
    let server = serve(&hub, ServeOptions::new().threads(2)).await;
    for number in 0..10_000 {
        let topic = ["a", "b", "c"][number % 3];
        let publication = Publication::to([topic, "all"], format!("{number} {}", "x".repeat(100)));
        hub.publish(publication).await.unwrap();
    }
    let mut readers = Vec::new();
    for (topics, first, step) in [
        ("all", 1, 1),
        ("a", 1, 3),
        ("b", 2, 3),
        ("c&topic=all", 1, 1),
    ] {
        for _ in 0..10 {
            let target = format!("/events?topic={topics}&start=earliest");
            let mut raw = Raw::get(&server, &target, "").await;
            readers.push(tokio::spawn(async move {
                raw.take("\r\n\r\n").await;
                let (body, ended) = unchunked(&raw.rest().await);
                assert!(ended);
                let expected: Vec<u64> = (first..=10_000).step_by(step).collect();
                assert!(offsets(&body).0 == expected, "{topics}");
            }));
        }
    }
    until("all are there", || hub.stats().subscribers == 40).await;
    hub.close();
    for reader in readers {
        within(reader).await.unwrap();
    }
    let delivered = 20 * 10_000 + 10 * (3_334 + 3_333);
    until("all is counted", || hub.stats().delivered == delivered).await;
    assert!(hub.stats().delivered_bytes > 100 * delivered);
}

#[tokio::test]
async fn who_leaves_takes_along_what_was_kept_for_it() {
    let hub = Hub::new();
    let server = serve(&hub, ServeOptions::new().threads(2)).await;
    for round in 0..3 {
        let mut streams = Vec::new();
        for number in 0..50 {
            let target = format!("/events?topic=own/{round}/{number}&topic=shared");
            streams.push(open(&server, &target).await);
        }
        assert_eq!(hub.stats().topics, 51);
        let id = publish(&hub, "shared", "x").await;
        for stream in &mut streams {
            stream.take(&format!("id: {id}\ndata: x\n\n")).await;
        }
        drop(streams);
        until("all are gone", || hub.stats().subscribers == 0).await;
        // The one that has an event stays.
        assert_eq!(hub.stats().topics, 1);
    }
    assert_eq!(hub.stats().ended.gone, 150);
}

#[tokio::test]
async fn a_newcomer_that_reads_slowly_gets_all_retained_values_in_order() {
    for threads in WAYS {
        for query in ["topic=p/*", "topic=p/*&topic_as=event"] {
            let hub = build(Hub::builder().retain("p/*", 1));
            for number in 0..2_000 {
                let data = format!("{number} {}", "x".repeat(1_000));
                publish(&hub, &format!("p/{number}"), &data).await;
            }
            let server = serve(&hub, small().threads(threads)).await;
            let mut raw = Raw::get(&server, &format!("/events?{query}"), "").await;
            until("it is there", || hub.stats().subscribers == 1).await;
            // It is full by now, or will be.
            raw.take("\r\n\r\n").await;
            let live = publish(&hub, "p/0", "live").await;
            hub.close();
            let (body, ended) = unchunked(&raw.rest().await);
            assert!(ended);
            let blocks: Vec<&str> = body.split_terminator("\n\n").collect();
            assert_eq!(
                blocks.len(),
                2_002,
                "the retained ones, a mark, and the live one"
            );
            for (number, block) in blocks[..2_000].iter().enumerate() {
                let named = query
                    .contains("topic_as")
                    .then(|| format!("event: p/{number}\n"));
                let begins = format!("{}data: {number} x", named.unwrap_or_default());
                assert!(block.starts_with(&begins), "{block} instead of {begins}");
            }
            assert!(blocks[2_000].ends_with("-2000"));
            assert!(blocks[2_001].starts_with(&format!("id: {live}\n")));
        }
    }
}

/// Readers of every pace, publishers on several threads, clients that come back where they were cut: nobody misses anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_or_out_of_order() {
    const READERS: u64 = 40;
    const EVENTS: u64 = 3_000;
    let hub = Hub::new();
    let server = std::sync::Arc::new(serve(&hub, small().threads(2)).await);
    let mut readers = Vec::new();
    for number in 0..READERS {
        let server = server.clone();
        readers.push(tokio::spawn(async move {
            let mut random = fastrand::Rng::with_seed(number);
            let topic = ["a", "b", "c", "a&topic=b"][(number % 4) as usize];
            let target = format!("/events?topic={topic}");
            let mut had = Vec::new();
            let mut last = String::new();
            loop {
                let resume = format!("Last-Event-ID: {last}\r\n");
                let mut raw = Raw::get(&server, &target, &resume).await;
                raw.take("\r\n\r\n").await;
                let cut_after = random.usize(1_000..60_000);
                let mut bytes = vec![0; random.usize(1..8_000)];
                let cut = loop {
                    if raw.got.contains("data: the end\n\n") {
                        break false;
                    } else if raw.got.len() > cut_after {
                        break true;
                    }
                    let count = within(raw.socket.read(&mut bytes)).await.unwrap();
                    assert!(count > 0, "only we cut");
                    raw.got
                        .push_str(std::str::from_utf8(&bytes[..count]).unwrap());
                    if random.u8(..) < 20 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                };
                let (body, _) = unchunked(&raw.got);
                let (events, resets) = offsets(&body);
                assert!(resets.is_empty());
                had.extend(events);
                if !cut {
                    return (number, had);
                }
                let whole = body.rfind("\n\n").map_or(0, |end| end + 2);
                for line in body[..whole].lines() {
                    if let Some(id) = line.strip_prefix("id: ") {
                        last = id.to_owned();
                    }
                }
            }
        }));
    }
    until("all are there", || {
        hub.stats().subscribers == READERS as usize
    })
    .await;
    let publishers: Vec<_> = (0..3)
        .map(|publisher| {
            let hub = hub.clone();
            std::thread::spawn(move || {
                let mut random = fastrand::Rng::with_seed(publisher);
                let mut published = Vec::new();
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap();
                for _ in 0..EVENTS / 3 {
                    let topic = random.usize(..3);
                    let data = "x".repeat(random.usize(..300));
                    let publication = Publication::new(["a", "b", "c"][topic], data);
                    let id = runtime.block_on(hub.publish(publication)).unwrap();
                    published.push((id.offset(), topic));
                    if random.u8(..) < 30 {
                        std::thread::yield_now();
                    }
                }
                published
            })
        })
        .collect();
    let mut published: Vec<(u64, usize)> = publishers
        .into_iter()
        .flat_map(|publisher| publisher.join().unwrap())
        .collect();
    published.sort_unstable();
    let end = Publication::to(["a", "b", "c"], "the end");
    let end = hub.publish(end).await.unwrap().offset();
    for reader in readers {
        let (number, had) = within(reader).await.unwrap();
        let topics: &[usize] = [&[0][..], &[1], &[2], &[0, 1]][(number % 4) as usize];
        let expected: Vec<u64> = published
            .iter()
            .filter(|(_, topic)| topics.contains(topic))
            .map(|(offset, _)| *offset)
            .chain([end])
            .collect();
        assert!(had == expected, "reader {number}");
    }
}
