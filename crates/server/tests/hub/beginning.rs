//! Where a subscription begins, and what it is told while nothing comes.

use super::*;

#[tokio::test]
async fn live_delivery_begins_with_a_mark_and_knows_only_its_topics() {
    let hub = Hub::new();
    publish(&hub, "a", "before").await;
    let mut frames = subscribe(&hub, &["a", "b"], Start::Live);
    assert_eq!(next(&mut frames).await, mark(&hub, 1));
    publish(&hub, "other", "not for it").await;
    publish(&hub, "b", "1").await;
    hub.publish(Publication::to(["b", "a"], "2\r\n3").event("tick"))
        .await
        .unwrap();
    assert_eq!(next(&mut frames).await, event(&hub, 3, "1"));
    let twice = format!("id: {}\nevent: tick\ndata: 2\ndata: 3\n\n", id(&hub, 4));
    assert_eq!(next(&mut frames).await, twice);
    assert!(
        at_once(&mut frames).is_empty(),
        "under two of its topics, it comes once"
    );
}

#[tokio::test]
async fn a_waiting_reader_is_woken_by_a_publish_of_another_task() {
    let hub = Hub::new();
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    next(&mut frames).await;
    let publisher = hub.clone();
    let reader = tokio::spawn(async move { next(&mut frames).await });
    tokio::task::yield_now().await;
    publish(&publisher, "a", "x").await;
    assert_eq!(reader.await.unwrap(), event(&hub, 1, "x"));
}

#[tokio::test]
async fn starts() {
    let hub = small(|builder| builder);
    for data in ["1", "2", "3", "4"] {
        publish(&hub, "a", data).await;
    }
    publish(&hub, "b", "5").await;
    let frames = |topics: &[&str], start| at_once(&mut subscribe(&hub, topics, start));
    assert_eq!(frames(&["a"], Start::Live), [mark(&hub, 5)]);
    let (three, four, five) = (
        event(&hub, 3, "3"),
        event(&hub, 4, "4"),
        event(&hub, 5, "5"),
    );
    let earliest = frames(&["a"], Start::Earliest);
    assert_eq!(earliest, [mark(&hub, 2), three.clone(), four.clone()]);
    assert_eq!(
        frames(&["a"], Start::Last(1)),
        [mark(&hub, 3), four.clone()]
    );
    assert_eq!(
        frames(&["a", "b"], Start::Last(2)),
        [mark(&hub, 3), four.clone(), five.clone()]
    );
    assert_eq!(frames(&["a"], Start::Last(0)), [mark(&hub, 5)]);
    assert_eq!(frames(&["a"], Start::Last(usize::MAX)).len(), 3);
    assert_eq!(frames(&["none"], Start::Last(9)), [mark(&hub, 5)]);
    let after = |offset| Start::After(id(&hub, offset));
    assert_eq!(frames(&["a"], after(3)), [mark(&hub, 3), four.clone()]);
    assert_eq!(
        frames(&["a", "b"], after(3)),
        [mark(&hub, 3), four, five.clone()]
    );
    // The event before it is gone, and was not its own.
    assert_eq!(frames(&["b"], after(1)), [mark(&hub, 1), five]);
    assert_eq!(frames(&["a"], after(5)), [mark(&hub, 5)]);
    assert_eq!(frames(&["a"], Start::After(String::new())), [mark(&hub, 5)]);
}

#[tokio::test]
async fn every_resume_that_cannot_be_is_told_once_in_band() {
    let hub = small(|builder| builder);
    for data in ["1", "2", "3", "4", "5"] {
        publish(&hub, "a", data).await;
    }
    let foreign = if id(&hub, 0).starts_with("aaaaaaaa") {
        "bbbbbbbb-4"
    } else {
        "aaaaaaaa-4"
    };
    for (requested, reason) in [
        (id(&hub, 1), "evicted"),
        (id(&hub, 6), "ahead"),
        (foreign.to_owned(), "epoch"),
        ("…\u{1}\"".to_owned(), "malformed"),
    ] {
        let mut frames = subscribe(&hub, &["a"], Start::After(requested.clone()));
        let all = at_once(&mut frames);
        assert!(!all[0].starts_with("retry"));
        let (told_id, told) = read_reset(&all[0]);
        assert_eq!(
            told,
            json!({ "requested": requested, "reason": reason, "first": id(&hub, 3) })
        );
        assert_eq!(told_id, id(&hub, 2), "just before what follows");
        assert_eq!(
            all[1..],
            [
                event(&hub, 3, "3"),
                event(&hub, 4, "4"),
                event(&hub, 5, "5")
            ]
        );
        // Cut right after the reset, it resumes without another.
        let again = at_once(&mut subscribe(&hub, &["a"], Start::After(told_id)));
        assert_eq!(again[0], mark(&hub, 2));

        let all = at_once(&mut subscribe(&hub, &["quiet"], Start::After(requested)));
        if reason == "evicted" {
            assert_eq!(all, [mark(&hub, 1)], "nothing of this topic is gone");
        } else {
            let (told_id, told) = read_reset(&all[0]);
            assert_eq!((told_id, &told["first"]), (id(&hub, 5), &json!("")));
        }
    }
    assert_eq!(hub.stats().resets, 7);
}

#[tokio::test]
async fn the_reconnection_time_comes_first() {
    let hub = small(|builder| builder.retry(Duration::from_millis(2500)));
    let all = at_once(&mut subscribe(&hub, &["a"], Start::Live));
    assert_eq!(all, [format!("retry: 2500\n{}", mark(&hub, 0))]);
    let all = at_once(&mut subscribe(&hub, &["a"], Start::After("?".into())));
    assert!(all[0].starts_with(&format!(
        "retry: 2500\nid: {}\nevent: eventwire.reset\n",
        id(&hub, 0)
    )));
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_a_comment_and_a_mark_of_the_end_and_only_when_nothing_else_was_sent() {
    let hub = Hub::new();
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    next(&mut frames).await;
    let start = Instant::now();
    publish(&hub, "other", "x").await;
    assert_eq!(next(&mut frames).await, format!(":\n{}", mark(&hub, 1)));
    assert_eq!(start.elapsed().as_secs(), 15);

    tokio::time::sleep(Duration::from_secs(10)).await;
    publish(&hub, "a", "y").await;
    assert_eq!(next(&mut frames).await, event(&hub, 2, "y"));
    assert_eq!(next(&mut frames).await, format!(":\n{}", mark(&hub, 2)));
    assert_eq!(start.elapsed().as_secs(), 40, "15 s after the event");
    assert_eq!(next(&mut frames).await, format!(":\n{}", mark(&hub, 2)));
    assert_eq!(start.elapsed().as_secs(), 55);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_can_be_turned_off_and_take_any_interval() {
    let silent = |frames: Subscription| async move {
        let mut frames = frames;
        next(&mut frames).await;
        let wait = tokio::time::timeout(Duration::from_secs(1_000_000), frames.next());
        assert!(wait.await.is_err());
    };
    silent(subscribe(
        &small(|builder| builder.heartbeat(None)),
        &["a"],
        Start::Live,
    ))
    .await;
    silent(subscribe(
        &small(|builder| builder.heartbeat(Duration::MAX)),
        &["a"],
        Start::Live,
    ))
    .await;
    let hub = Hub::new();
    silent(
        hub.subscribe(Subscribe::to(["a"]).heartbeat(false))
            .unwrap(),
    )
    .await;
}

#[test]
fn without_a_runtime_frames_come_and_heartbeats_do_not() {
    let hub = Hub::new();
    let mut publication = std::pin::pin!(hub.publish(Publication::new("a", "x")));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(publication.as_mut().poll(&mut cx).is_ready());
    let mut frames = subscribe(&hub, &["a"], Start::Earliest);
    assert_eq!(at_once(&mut frames), [mark(&hub, 0), event(&hub, 1, "x")]);
    hub.close();
    assert!(at_once(&mut frames).is_empty());
}
