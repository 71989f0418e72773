//! What is held, and what becomes of those who do not keep up with it.

use super::*;

#[tokio::test(start_paused = true)]
async fn age_bounds_what_is_held_also_without_a_publish() {
    let hub = small(|builder| builder.max_age(Duration::from_secs(60)));
    publish(&hub, "a", "1").await;
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(
        (hub.stats().events, hub.stats().bytes, hub.stats().first),
        (0, 0, None)
    );
    let all = at_once(&mut subscribe(&hub, &["a"], Start::After(id(&hub, 0))));
    assert_eq!(read_reset(&all[0]).1["reason"], "evicted");

    // The key goes with its event.
    let keyed = || Publication::new("a", "2").key("k");
    let held = hub.publish(keyed()).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(hub.publish(keyed()).await.unwrap(), held);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_ne!(hub.publish(keyed()).await.unwrap(), held);
}

#[tokio::test]
async fn a_slow_reader_is_disconnected_only_for_a_loss_of_its_own() {
    let hub = small(|builder| builder);
    let mut slow = subscribe(&hub, &["a"], Start::Live);
    let mut quiet = subscribe(&hub, &["quiet"], Start::Live);
    let mut lucky = subscribe(&hub, &["b"], Start::Live);
    for frames in [&mut slow, &mut quiet, &mut lucky] {
        next(frames).await;
    }
    for data in ["1", "2", "3", "4"] {
        publish(&hub, "a", data).await;
    }
    publish(&hub, "b", "5").await;
    assert_eq!(slow.end(), None);
    assert_eq!(slow.next().await, None);
    assert_eq!(slow.next().await, None, "an end is an end");
    assert_eq!(slow.end(), Some(SubscriptionEnd::Slow));
    assert!(at_once(&mut quiet).is_empty());
    assert_eq!(next(&mut lucky).await, event(&hub, 5, "5"));
    drop((slow, quiet, lucky));
    let ended = hub.stats().ended;
    assert_eq!((ended.slow, ended.gone), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_are_cut_again_and_again_miss_nothing_of_many_publishers() {
    const EACH: usize = 400;
    let hub = Hub::new();
    let publishers: Vec<_> = (0..4)
        .map(|which| {
            let hub = hub.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    let topic = ["a", "b", "other"][number % 3];
                    publish(&hub, topic, &format!("{which} {number}")).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let readers: Vec<_> = (1..4)
        .map(|every: usize| {
            let hub = hub.clone();
            let own = 4 * (0..EACH).filter(|number| number % 3 != 2).count();
            tokio::spawn(async move {
                let mut decoder = Decoder::new();
                let mut got: Vec<(u64, String)> = Vec::new();
                while got.len() < own {
                    let last = decoder.last_event_id().to_owned();
                    let start = if last.is_empty() {
                        Start::Earliest
                    } else {
                        Start::After(last)
                    };
                    let mut frames = subscribe(&hub, &["a", "b"], start);
                    decoder.reset();
                    for _ in 0..=every {
                        if got.len() == own {
                            break;
                        }
                        let frame = next(&mut frames).await;
                        let mut items = decoder.feed(frame.as_bytes());
                        while let Some(event) = items.next_event().unwrap() {
                            let id: EventId = event.id().parse().unwrap();
                            got.push((id.offset(), event.data().to_owned()));
                        }
                    }
                }
                got
            })
        })
        .collect();
    for publisher in publishers {
        publisher.await.unwrap();
    }
    let mut all = Vec::new();
    for reader in readers {
        let got = reader.await.unwrap();
        assert!(
            got.is_sorted_by(|one, two| one.0 < two.0),
            "in order, each once"
        );
        all.push(got);
    }
    assert!(all.iter().all(|got| *got == all[0]));
    assert_eq!(hub.stats().last.offset(), 4 * EACH as u64);
}

#[tokio::test]
async fn one_reader_may_skip_where_the_hub_disconnects() {
    let hub = small(|builder| builder);
    let mut slow = subscribe(&hub, &["a"], Start::Live);
    slow.set_slow(Slow::Skip);
    next(&mut slow).await;
    for data in ["1", "2", "3", "4"] {
        publish(&hub, "a", data).await;
    }
    assert!(next(&mut slow).await.contains("event: eventwire.reset\n"));
    assert_eq!(next(&mut slow).await, event(&hub, 2, "2"));
    hub.close();
    assert_eq!(next(&mut slow).await, event(&hub, 3, "3"));
    assert_eq!(next(&mut slow).await, event(&hub, 4, "4"));
    assert_eq!(
        (slow.next().await, slow.end()),
        (None, Some(SubscriptionEnd::Closed))
    );
}

#[tokio::test]
async fn a_slow_reader_may_skip_and_is_told() {
    let hub = small(|builder| builder.slow(Slow::Skip));
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    next(&mut frames).await;
    for data in ["1", "2", "3", "4"] {
        publish(&hub, "a", data).await;
    }
    publish(&hub, "b", "5").await;
    let (told_id, told) = read_reset(&next(&mut frames).await);
    assert_eq!(told_id, id(&hub, 2));
    assert_eq!(
        told,
        json!({ "requested": id(&hub, 0), "reason": "evicted", "first": id(&hub, 3) })
    );
    assert_eq!(
        at_once(&mut frames),
        [event(&hub, 3, "3"), event(&hub, 4, "4")]
    );
    publish(&hub, "a", "6").await;
    assert_eq!(next(&mut frames).await, event(&hub, 6, "6"));
    assert_eq!(hub.stats().resets, 1);
}

#[tokio::test]
async fn a_large_replay_is_read_in_bounded_batches() {
    use http_body::Body;

    let hub = Hub::new();
    let large = "x".repeat(1000);
    for _ in 0..1000 {
        publish(&hub, "a", &large).await;
    }
    publish(&hub, "a", &"y".repeat(1 << 20)).await;
    let mut frames = subscribe(&hub, &["a"], Start::Earliest);
    let mut cx = Context::from_waker(Waker::noop());
    let (mut parts, mut bytes) = (0, 0);
    while let Poll::Ready(Some(Ok(part))) = std::pin::Pin::new(&mut frames).poll_frame(&mut cx) {
        let length = part.into_data().unwrap().len();
        assert!(length <= 64 << 10 || length > 1 << 20, "{length}");
        parts += 1;
        bytes += length;
    }
    assert_eq!(bytes, hub.stats().bytes + mark(&hub, 0).len());
    assert!(
        (17..25).contains(&parts),
        "{parts} parts: frames are sent together"
    );
    assert_eq!(hub.stats().delivered, 1001);
}
