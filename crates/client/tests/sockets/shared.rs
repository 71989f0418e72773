//! Requests that several calls share and that are refused whole: each call has an answer of its own all the same.

use eventwire_client::{ErrorKind, Outcome};
use serde_json::Value;

use crate::batches::{begin, datas, ids, publisher, take};
use crate::server::Server;

/// What is asked, and what becomes of it, by the number of calls in each request, when 403 is the answer to every request that
/// has one of the `bad`; what is published is the numbers from 1 to `count`, by one call each.
async fn refused_whole(count: usize, bad: &[usize]) -> Vec<(usize, bool)> {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    let calls: Vec<_> = (1..=count)
        .map(|n| begin(&publisher, n.to_string()))
        .collect();
    take(only).await;
    let bad: Vec<_> = bad.iter().map(usize::to_string).collect();
    let (mut requests, mut keys, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    let mut left = count;
    while left > 0 {
        let request = server.accept().await;
        let (body, datas) = (request.body(), datas(&request));
        // One call's event goes as it would have gone without the others.
        assert_eq!(body.is_array(), datas.len() > 1);
        let events = body.as_array().cloned().unwrap_or_else(|| vec![body]);
        let its_keys: Vec<Value> = events.iter().map(|event| event["key"].clone()).collect();
        if keys.is_empty() {
            keys.clone_from(&its_keys);
        }
        for (data, key) in datas.iter().zip(&its_keys) {
            // The same as in the first request, so that nothing is stored twice.
            assert_eq!(*key, keys[data.parse::<usize>().unwrap() - 1]);
        }
        let refused = datas.iter().any(|data| bad.contains(data));
        requests.push((datas.len(), !refused));
        if !refused {
            left -= datas.len();
            taken.extend(datas);
            take(request).await;
        } else {
            left -= usize::from(datas.len() == 1);
            request.answer("403 Forbidden", "", "<html>").await;
        }
    }
    assert!(taken.is_sorted_by_key(|data| data.parse::<usize>().unwrap()));
    assert_eq!(ids([first]).await, ["0"]);
    for (n, call) in (1..).zip(calls) {
        let answer = call.await.unwrap();
        if bad.contains(&n.to_string()) {
            let error = answer.unwrap_err();
            assert_eq!(
                (error.kind(), error.status()),
                (ErrorKind::Status, Some(403))
            );
            assert_eq!(error.outcome(), Some(Outcome::NotStored));
        } else {
            assert_eq!(answer.unwrap(), n.to_string());
        }
    }
    requests
}

#[tokio::test]
async fn a_refusal_that_names_nobody_is_only_for_those_who_are_refused_alone() {
    let requests = refused_whole(9, &[5]).await;
    let (yes, no) = (true, false);
    assert_eq!(
        requests,
        [
            (9, no),
            (1, yes),
            (2, yes),
            (4, no),
            (1, yes),
            (2, no),
            (1, no),
            (1, yes),
            (2, yes),
            (1, yes)
        ]
    );
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_halved_and_the_next_ones_are_smaller() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    let data = |n: usize| format!("{n}{}", "x".repeat(1000));
    let others: Vec<_> = (1..9).map(|n| begin(&publisher, data(n))).collect();
    take(only).await;
    let mut lengths = Vec::new();
    // Something on the way takes two at a time.
    while lengths.iter().filter(|(_, taken)| *taken).count() < 4 {
        let batch = server.accept().await;
        let count = datas(&batch).len();
        lengths.push((count, count <= 2));
        if count <= 2 {
            take(batch).await;
        } else {
            batch.answer("413 Too Large", "", "<html>").await;
        }
    }
    assert_eq!(
        lengths,
        [
            (8, false),
            (4, false),
            (2, true),
            (2, true),
            (2, true),
            (2, true)
        ]
    );
    assert_eq!(ids([first]).await, ["0"]);
    assert_eq!(ids(others).await, (1..9).map(data).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_too_large_by_itself_is_refused_by_itself() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    let (large, small) = (
        begin(&publisher, "x".repeat(600 << 10)),
        begin(&publisher, "1"),
    );
    take(only).await;
    let alone = server.accept().await;
    assert_eq!(datas(&alone).len(), 1);
    alone.answer("413 Too Large", "", "").await;
    let rest = server.accept().await;
    assert_eq!(datas(&rest), ["1"]);
    take(rest).await;
    let error = large.await.unwrap().unwrap_err();
    assert_eq!(
        (error.status(), error.outcome()),
        (Some(413), Some(Outcome::NotStored))
    );
    assert_eq!(ids([first, small]).await, ["0", "1"]);
}

#[tokio::test]
async fn it_is_found_out_by_a_bounded_number_of_requests() {
    let all: Vec<usize> = (1..=40).collect();
    assert_eq!(refused_whole(40, &all).await.len(), 41);
    let every_other: Vec<usize> = (2..=40).step_by(2).collect();
    assert!(refused_whole(40, &every_other).await.len() <= 80);
    assert!(refused_whole(200, &[150]).await.len() <= 40);
}

#[tokio::test]
async fn a_refusal_of_the_address_or_of_the_credentials_is_for_all() {
    for status in [301, 401, 404, 405, 421] {
        let server = Server::start();
        let publisher = publisher(&server);
        let first = begin(&publisher, "0");
        let only = server.accept().await;
        let calls = [begin(&publisher, "1"), begin(&publisher, "2")];
        take(only).await;
        let shared = server.accept().await;
        assert_eq!(datas(&shared), ["1", "2"]);
        shared.answer(&format!("{status} No"), "", "").await;
        for call in calls {
            let error = call.await.unwrap().unwrap_err();
            assert_eq!(error.status(), Some(status), "{error}");
            assert_eq!(error.outcome(), Some(Outcome::NotStored));
        }
        // Nobody has asked again meanwhile.
        let next = begin(&publisher, "3");
        let request = server.accept().await;
        assert_eq!(datas(&request), ["3"]);
        take(request).await;
        assert_eq!(ids([first, next]).await, ["0", "3"]);
    }
}

#[tokio::test]
async fn a_call_for_many_stays_whole_where_its_request_is_refused() {
    let server = Server::start();
    let publisher = publisher(&server);
    let first = begin(&publisher, "0");
    let only = server.accept().await;
    let many = tokio::spawn({
        let publisher = publisher.clone();
        async move { publisher.publish_many([("a", "1"), ("a", "2")]).await }
    });
    // It is in the queue once it has been polled.
    tokio::task::yield_now().await;
    let last = begin(&publisher, "3");
    take(only).await;
    for expected in [vec!["1", "2", "3"], vec!["1", "2"]] {
        let request = server.accept().await;
        assert_eq!(datas(&request), expected);
        request.answer("400 Bad Request", "", "what is this?").await;
    }
    let alone = server.accept().await;
    assert_eq!(datas(&alone), ["3"]);
    take(alone).await;
    let error = many.await.unwrap().unwrap_err();
    assert_eq!((error.status(), error.index()), (Some(400), None));
    assert_eq!(ids([first, last]).await, ["0", "3"]);
}
