//! What is appended: the order, the batches, and what becomes of it when the store fails.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_is_published_while_the_store_is_busy_goes_in_batches_in_the_order_of_the_calls() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    let publishing: Vec<_> = (1..=1100).map(|number| begin(&hub, data(number))).collect();
    assert_eq!(
        at_once(&mut frames).len(),
        1,
        "only the mark: nothing is stored yet"
    );
    for (place, publishing) in publishing.into_iter().enumerate() {
        let id = publishing.await.unwrap().unwrap();
        assert_eq!(id.offset(), place as u64 + 1);
    }
    let seen = at_once(&mut frames);
    let epoch = hub.stats().last.epoch().to_owned();
    let expected: Vec<_> = (1..=1100)
        .map(|n| format!("id: {epoch}-{n}\ndata: {n}\n\n"))
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(store.batches(), [1, 512, 512, 75]);
}

#[tokio::test(start_paused = true)]
async fn an_event_is_seen_only_once_the_store_has_it() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    at_once(&mut frames);
    let publishing = begin(&hub, data(1));
    tokio::time::advance(store.delay() / 2).await;
    tokio::task::yield_now().await;
    assert_eq!((at_once(&mut frames).len(), hub.stats().events), (0, 0));
    publishing.await.unwrap().unwrap();
    assert_eq!((at_once(&mut frames).len(), hub.stats().events), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_fails_its_publishers_and_no_other_and_takes_no_offset() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let first = begin(&hub, data(1));
    store.fail_next(Failing::NotStored);
    let lost = begin(&hub, data(2));
    let lost_too = begin(&hub, data(3));
    // The first batch is with the store already, so that the next one fails.
    assert_eq!(first.await.unwrap().unwrap().offset(), 1);
    for publishing in [lost, lost_too] {
        let Err(PublishError::Store(error)) = publishing.await.unwrap() else {
            panic!("it was to fail");
        };
        assert_eq!(error.outcome(), Outcome::NotStored);
        assert!(error.to_string().starts_with("the disk is full"), "{error}");
    }
    assert_eq!(hub.publish(data(4)).await.unwrap().offset(), 2);
    let mut frames = hub
        .subscribe(Subscribe::to(["a"]).start(Start::Earliest))
        .unwrap();
    assert_eq!(all(&mut frames).await, ["mark 0", "1 data: 1", "2 data: 4"]);
}

#[tokio::test(start_paused = true)]
async fn where_the_outcome_is_unknown_the_hub_finds_out_before_it_goes_on() {
    for stored in [true, false] {
        let store = SlowStore::new();
        let hub = open(&store).await;
        let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
        store.fail_next(if stored {
            Failing::UnknownStored
        } else {
            Failing::UnknownLost
        });
        let keyed = || data(1).key("k");
        let Err(PublishError::Store(error)) = hub.publish(keyed()).await else {
            panic!("it was to fail");
        };
        assert_eq!(error.outcome(), Outcome::Unknown);
        // With the key, trying again is harmless.
        assert_eq!(hub.publish(keyed()).await.unwrap().offset(), 1);
        assert_eq!(hub.publish(data(2)).await.unwrap().offset(), 2);
        assert_eq!(
            all(&mut frames).await,
            ["mark 0", "1 data: 1", "2 data: 2"],
            "{stored}"
        );
        assert_eq!(hub.stats().published, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_harms_nobody_else() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    store.fail_next(Failing::Panic);
    let Err(PublishError::Store(error)) = hub.publish(data(1)).await else {
        panic!("it was to fail");
    };
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert_eq!(hub.publish(data(2)).await.unwrap().offset(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_refused_event_does_not_keep_its_batch_from_being_stored() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let publishing = [
        begin(&hub, data(1)),
        begin(&hub, data(2)),
        begin(&hub, Publication::new("refused", "x")),
        begin(&hub, data(3)),
    ];
    let mut answers = Vec::new();
    for publishing in publishing {
        answers.push(publishing.await.unwrap());
    }
    let offsets: Vec<_> = answers.iter().flatten().map(EventId::offset).collect();
    assert_eq!(offsets, [1, 2, 3]);
    let message = answers[2].as_ref().unwrap_err().to_string();
    assert_eq!(message, "no such topic is stored here: nothing was stored");
}

#[tokio::test(start_paused = true)]
async fn a_key_is_one_event_in_flight_in_the_window_and_in_the_store() {
    let store = SlowStore::new();
    let hub = open_with(&store, |builder| builder.max_events(2)).await;
    let keyed = |number| data(number).key("k");
    let together: Vec<_> = [1, 1, 2].map(|number| begin(&hub, keyed(number))).into();
    let other = begin(&hub, data(3));
    let mut answers = Vec::new();
    for publishing in together {
        answers.push(publishing.await.unwrap());
    }
    let (first, second) = (answers[0].clone().unwrap(), answers[1].clone().unwrap());
    assert_eq!((first.offset(), second.offset()), (1, 1));
    assert!(matches!(&answers[2], Err(PublishError::KeyConflict { id, .. }) if *id == first));
    assert_eq!(other.await.unwrap().unwrap().offset(), 2);
    hub.publish(data(4)).await.unwrap();
    // It has left the window, and the store knows it.
    assert_eq!(hub.stats().first.unwrap().offset(), 2);
    assert_eq!(hub.publish(keyed(1)).await.unwrap(), first);
    let error = hub.publish(keyed(2)).await.unwrap_err();
    assert!(matches!(error, PublishError::KeyConflict { id, .. } if id == first));
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_goes_does_not_stop_what_was_accepted() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    for number in 1..=3 {
        begin(&hub, data(number)).abort();
    }
    assert_eq!(hub.publish(data(4)).await.unwrap().offset(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded_and_who_waits_for_room_and_goes_is_not_published() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    // One with the store, 4096 accepted, and ten that wait for room.
    let publishing: Vec<_> = (0..4107).map(|number| begin(&hub, data(number))).collect();
    for publishing in &publishing[4097..4106] {
        publishing.abort();
    }
    publishing[4000].abort();
    tokio::task::yield_now().await;
    let mut offsets = Vec::new();
    for publishing in publishing {
        if let Ok(answer) = publishing.await {
            offsets.push(answer.unwrap().offset());
        }
    }
    // Number 4000 was accepted, and so has an offset of its own although nobody heard of it.
    let expected: Vec<u64> = (1..=4098).filter(|offset| *offset != 4001).collect();
    assert_eq!(offsets, expected);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_closed_answers_the_queue_and_shows_what_the_store_was_given() {
    let store = SlowStore::new();
    let hub = open(&store).await;
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    let given = begin(&hub, data(1));
    let queued = begin(&hub, data(2));
    hub.close();
    assert!(matches!(queued.await.unwrap(), Err(PublishError::Closed)));
    assert!(matches!(
        hub.publish(data(3)).await,
        Err(PublishError::Closed)
    ));
    assert!(hub.is_closed() && hub.subscribe(Subscribe::to(["a"])).is_err());
    assert_eq!(given.await.unwrap().unwrap().offset(), 1);
    assert_eq!(at_once(&mut frames).len(), 2, "the mark, and the event");
    assert_eq!(frames.next().await, None);
}

#[test]
fn without_a_runtime_the_error_says_what_to_do() {
    let store = SlowStore::new();
    store.open_at_once();
    store.yield_only();
    let hub = Hub::builder().store_with(store).build().unwrap();
    for says in [
        "whether the event was stored is not known",
        "nothing was stored",
    ] {
        let mut publishing = std::pin::pin!(hub.publish(data(1)));
        let polled = publishing
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Err(PublishError::Store(error))) = polled else {
            panic!("there is nobody to wait for the store");
        };
        let message = error.to_string();
        assert!(
            message.contains("Tokio runtime") && message.contains(says),
            "{message}"
        );
    }
}

#[test]
fn a_runtime_that_ends_leaves_no_publisher_without_an_answer() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let store = SlowStore::new();
    let hub = first.block_on(open(&store));
    let (given, queued) = {
        let _in = first.enter();
        (begin_detached(&hub, data(1)), begin_detached(&hub, data(2)))
    };
    drop(first);
    let answer = second.block_on(given).unwrap_err();
    assert!(matches!(&answer, PublishError::Store(error) if error.outcome() == Outcome::Unknown));
    let answer = second.block_on(queued).unwrap_err();
    assert!(matches!(&answer, PublishError::Store(error) if error.outcome() == Outcome::NotStored));
    // The hub lives on in another.
    second
        .block_on(async { hub.publish(data(3)).await })
        .unwrap();
}

fn begin_detached(
    hub: &Hub,
    publication: Publication,
) -> std::pin::Pin<Box<dyn Future<Output = Result<EventId, PublishError>>>> {
    let hub = hub.clone();
    let mut publishing = Box::pin(async move { hub.publish(publication).await });
    let polled = publishing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    publishing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_threads_keep_their_orders_and_see_one() {
    const EACH: usize = 300;
    let store = SlowStore::new();
    store.yield_only();
    let hub = open(&store).await;
    let mut frames = hub.subscribe(Subscribe::to(["a"])).unwrap();
    let publishers: Vec<_> = (0..4)
        .map(|who| {
            let hub = hub.clone();
            tokio::spawn(async move {
                let mut last = 0;
                for number in 0..EACH {
                    let publication = Publication::new("a", format!("{who} {number}"));
                    let id = hub.publish(publication).await.unwrap();
                    assert!(id.offset() > last, "the order of the calls");
                    last = id.offset();
                }
            })
        })
        .collect();
    frames.next().await.unwrap();
    let mut next = [0; 4];
    for offset in 1..=4 * EACH {
        let frame = String::from_utf8(frames.next().await.unwrap().to_vec()).unwrap();
        let (id, said) = frame.trim().split_once("\ndata: ").unwrap();
        assert!(id.ends_with(&format!("-{offset}")));
        let (who, number) = said.split_once(' ').unwrap();
        let expected = &mut next[who.parse::<usize>().unwrap()];
        assert_eq!(number.parse::<usize>().unwrap(), *expected);
        *expected += 1;
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
}
