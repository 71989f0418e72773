//! How subscriptions and hubs end, and what cannot begin.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_subscription_expires_also_while_it_is_busy() {
    let hub = Hub::new();
    let in_a_minute = || Subscribe::to(["a"]).expires(Instant::now() + Duration::from_secs(60));
    let mut idle = hub.subscribe(in_a_minute()).unwrap();
    let mut busy = hub.subscribe(in_a_minute()).unwrap();
    let start = Instant::now();
    next(&mut busy).await;
    while idle.next().await.is_some() {}
    assert_eq!(start.elapsed().as_secs(), 60);
    publish(&hub, "a", "too late").await;
    assert_eq!(busy.next().await, None);
    drop((idle, busy));
    assert_eq!(hub.stats().ended.expired, 2);
}

#[tokio::test]
async fn a_handle_ends_it_from_another_thread_and_nothing_follows() {
    let hub = Hub::new();
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    next(&mut frames).await;
    let handle = frames.close_handle();
    let reader = tokio::spawn(async move { frames.next().await });
    tokio::task::yield_now().await;
    std::thread::spawn(move || handle.close()).join().unwrap();
    assert_eq!(reader.await.unwrap(), None);

    publish(&hub, "a", "x").await;
    let mut frames = subscribe(&hub, &["a"], Start::Earliest);
    next(&mut frames).await;
    frames.close_handle().close();
    assert_eq!(frames.next().await, None);
    drop(frames);
    assert_eq!(hub.stats().ended.closed, 2);
}

#[tokio::test]
async fn a_closed_hub_gives_what_was_published_and_ends() {
    let hub = Hub::new();
    let mut behind = subscribe(&hub, &["a"], Start::Live);
    let mut waiting = subscribe(&hub, &["b"], Start::Live);
    next(&mut waiting).await;
    let waiter = tokio::spawn(async move { waiting.next().await });
    tokio::task::yield_now().await;
    publish(&hub, "a", "x").await;
    hub.close();
    hub.close();
    assert!(hub.is_closed());
    assert_eq!(waiter.await.unwrap(), None);
    assert_eq!(at_once(&mut behind), [mark(&hub, 0), event(&hub, 1, "x")]);
    assert_eq!(behind.next().await, None);
    let error = hub.publish(Publication::new("a", "y")).await.unwrap_err();
    assert!(matches!(error, PublishError::Closed));
    let error = hub.subscribe(Subscribe::to(["a"])).unwrap_err();
    assert_eq!(error, SubscribeError::Closed);
}

#[tokio::test]
async fn the_last_clone_of_a_hub_closes_it() {
    let hub = Hub::new();
    let clone = hub.clone();
    let mut frames = subscribe(&hub, &["a"], Start::Live);
    drop(hub);
    publish(&clone, "a", "x").await;
    let (first, event) = (mark(&clone, 0), event(&clone, 1, "x"));
    drop(clone);
    assert_eq!(at_once(&mut frames), [first, event]);
    assert_eq!(frames.next().await, None);
}

#[tokio::test]
async fn who_goes_is_no_subscriber_any_more() {
    let hub = Hub::new();
    let some: Vec<_> = (0..10)
        .map(|n| subscribe(&hub, &[&n.to_string(), "all"], Start::Live))
        .collect();
    assert_eq!((hub.stats().subscribers, hub.stats().topics), (10, 11));
    drop(some);
    assert_eq!((hub.stats().subscribers, hub.stats().topics), (0, 0));
    assert_eq!(hub.stats().ended.gone, 10);
}

#[tokio::test]
async fn wrong_options_and_names_are_errors_that_say_what_to_do() {
    let error = |builder: HubBuilder| builder.build().unwrap_err().to_string();
    for (builder, says) in [
        (Hub::builder().store("redis://localhost"), "use \"memory:\""),
        (Hub::builder().max_bytes(0), "max_bytes is 0"),
        (Hub::builder().max_topics(0), "max_topics is 0"),
        (Hub::builder().max_age(Duration::ZERO), "max_age is 0"),
        (Hub::builder().heartbeat(Duration::ZERO), "heartbeat is 0"),
        (
            Hub::builder().retain("a*", 1),
            "retained values: the topic \"a*\"",
        ),
    ] {
        let message = error(builder);
        assert!(message.contains(says), "{message}");
    }
    let hub = Hub::new();
    let error = hub.subscribe(Subscribe::to([] as [&str; 0])).unwrap_err();
    assert!(error.to_string().contains("name at least one"));
    let error = hub.subscribe(Subscribe::to(["orders*"])).unwrap_err();
    assert!(error.to_string().contains("as in \"orders/*\""));
    let error = hub.publish(Publication::new("orders/*", "x")).await;
    assert!(error.unwrap_err().to_string().contains("names each topic"));
    let reserved = Publication::new("a", "x").event("eventwire.reset");
    let error = hub.publish(reserved).await.unwrap_err();
    assert!(matches!(error, PublishError::ReservedType(_)));
    assert_eq!(hub.stats().published, 0);
}
