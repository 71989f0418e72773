//! A hub refuses what clients would not take.

mod support;

use eventwire_codec::Decoder;
use eventwire_server::{Hub, Publication, PublishError, ServeOptions, Start, Subscribe};
use tokio_stream::StreamExt;

use support::Raw;

const DEFAULT: usize = 16 << 20;

#[tokio::test]
async fn the_largest_event_that_is_taken_passes_a_decoder_with_its_defaults_and_no_larger_one_is_taken()
 {
    let hub = Hub::new();
    // Its topic, and the longest id.
    let most = DEFAULT - 1 - 29;
    hub.publish(Publication::new("a", "x".repeat(most)))
        .await
        .unwrap();
    let error = hub
        .publish(Publication::new("a", "x".repeat(most + 1)))
        .await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, PublishError::EventTooLarge { size, max } if (size, max) == (DEFAULT + 1, DEFAULT)),
        "{error}"
    );
    let everything = Subscribe::to(["a"])
        .start(Start::Earliest)
        .topic_as_event(true);
    let mut frames = hub.subscribe(everything).unwrap();
    let mut decoder = Decoder::new();
    loop {
        let frame = frames.next().await.unwrap();
        if let Some(event) = decoder.feed(&frame).next_event().unwrap() {
            assert_eq!((event.event(), event.data().len()), ("a", most));
            break;
        }
    }
    assert_eq!(hub.stats().published, 1);
}

#[tokio::test]
async fn over_http_it_is_a_413_with_both_figures() {
    let hub = Hub::builder().max_event(100).build().unwrap();
    let server = hub.serve("127.0.0.1:0", ServeOptions::new()).await.unwrap();
    let large = "x".repeat(200);
    for (kind, body, says) in [
        (
            "application/x-www-form-urlencoded",
            format!("topic=a&data={large}"),
            "the event has 230 bytes",
        ),
        (
            "application/json",
            format!(r#"[{{"topic":"a","data":"x"}},{{"topic":"a","data":"{large}"}}]"#),
            "the event at index 1 of 2: the event has 230 bytes",
        ),
    ] {
        let mut raw = Raw::connect(&server).await;
        let length = body.len();
        let head = format!(
            "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nConnection: close\r\n"
        );
        raw.send(&format!("{head}Content-Length: {length}\r\n\r\n{body}"))
            .await;
        let answer = raw.rest().await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(
            answer.contains(says) && answer.contains("at most 100 are allowed (max_event)"),
            "{answer}"
        );
    }
    assert_eq!(hub.stats().published, 0);
}
