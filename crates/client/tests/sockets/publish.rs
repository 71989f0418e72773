//! Publishing to a hub that runs elsewhere.

use std::task::{Context, Waker};
use std::time::Duration;

use eventwire_client::{ErrorKind, PublishMessage, Publisher, PublisherOptions};

use crate::server::{Deserted, Server, hasty};

fn publisher(server: &Server) -> Publisher {
    Publisher::new(server.url(), PublisherOptions::new().retry(hasty())).unwrap()
}

/// Runs `f` on a thread of its own; a hang is a failure.
fn in_time(f: impl FnOnce() + Send + 'static) {
    let (done, is_done) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        f();
        let _ = done.send(());
    });
    is_done
        .recv_timeout(Duration::from_secs(30))
        .expect("it has hung, or panicked");
    thread.join().unwrap();
}

fn nobody() -> Publisher {
    Publisher::new("http://127.0.0.1:9", PublisherOptions::new()).unwrap()
}

#[test]
fn publishing_into_a_runtime_that_has_ended_fails() {
    in_time(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        let error = handle.block_on(nobody().publish("a", "x")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{error}");
    });
}

#[test]
fn a_task_may_publish_while_its_runtime_drops_it() {
    struct Goodbye(Publisher);
    impl Drop for Goodbye {
        fn drop(&mut self) {
            let call = std::pin::pin!(self.0.publish("a", "goodbye"));
            let mut context = Context::from_waker(Waker::noop());
            assert!(call.poll(&mut context).is_ready());
        }
    }
    in_time(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let goodbye = Goodbye(nobody());
            tokio::spawn(async move {
                let _goodbye = goodbye;
                std::future::pending::<()>().await;
            });
            tokio::task::yield_now().await;
        });
        drop(runtime);
    });
}

#[tokio::test]
async fn a_redirect_is_told_without_its_secrets() {
    let server = Server::start();
    let publisher = publisher(&server);
    let serve = tokio::spawn(async move {
        let to = "Location: https://u:hunter2@login.example/?access_token=SECRET\r\n";
        server.accept().await.answer("302 Found", to, "").await;
    });
    let error = publisher.publish("a", "x").await.unwrap_err().to_string();
    assert!(
        error.contains("https://login.example/?access_token=***"),
        "{error}"
    );
    serve.await.unwrap();
}

const DONE: &str = r#"{"id": "e-7"}"#;

#[tokio::test]
async fn it_posts_the_message_and_gives_the_id() {
    let server = Server::start();
    let options = PublisherOptions::new().header("authorization", "Bearer x");
    let publisher = Publisher::new(server.url(), options).unwrap();
    let serve = tokio::spawn(async move {
        let only = server.accept().await;
        assert!(only.request.starts_with("POST /events HTTP/1.1\r\n"));
        assert_eq!(
            only.header("content-type").as_deref(),
            Some("application/json")
        );
        assert_eq!(only.header("authorization").as_deref(), Some("Bearer x"));
        let body = only.body();
        assert_eq!(body["topic"], serde_json::json!(["a", "b"]));
        assert_eq!(
            (body["data"].as_str(), body["event"].as_str()),
            (Some("x\ny"), Some("tick"))
        );
        assert_eq!(body["key"], "k");
        only.answer("200 OK", "", DONE).await;
    });
    let message = PublishMessage::new("x\ny").event("tick").key("k");
    assert_eq!(publisher.publish(["a", "b"], message).await.unwrap(), "e-7");
    serve.await.unwrap();
}

#[tokio::test]
async fn every_attempt_carries_the_same_key() {
    let server = Server::start();
    let publisher = publisher(&server);
    let serve = tokio::spawn(async move {
        let first = server.accept().await;
        let key = first.body()["key"].clone();
        first.reset();
        for status in [
            "503 Service Unavailable",
            "429 Too Many Requests",
            "408 Request Timeout",
            "425 Too Early",
        ] {
            let again = server.accept().await;
            assert_eq!(again.body()["key"], key);
            again.answer(status, "", "").await;
        }
        let last = server.accept().await;
        assert_eq!(last.body()["key"], key);
        last.answer("200 OK", "", DONE).await;
        let next = server.accept().await;
        assert_ne!(next.body()["key"], key);
        next.answer("200 OK", "", DONE).await;
    });
    publisher.publish("a", "x").await.unwrap();
    publisher.publish("a", "x").await.unwrap();
    serve.await.unwrap();
}

#[tokio::test]
async fn what_the_hub_refuses_is_told_at_once_and_in_its_words() {
    for (status, code) in [
        ("400 Bad Request", 400),
        ("403 Forbidden", 403),
        ("409 Conflict", 409),
        ("421 Misdirected", 421),
    ] {
        let server = Server::start();
        let publisher = publisher(&server);
        let serve = tokio::spawn(async move {
            server
                .accept()
                .await
                .answer(status, "", r#"{"error": "because of this"}"#)
                .await;
        });
        let error = publisher.publish("a", "x").await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status(), error.attempt()),
            (ErrorKind::Status, Some(code), 1)
        );
        assert!(error.to_string().contains("because of this"), "{error}");
        serve.await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_without_an_id_is_no_hubs() {
    let server = Server::start();
    let publisher = publisher(&server);
    let serve = tokio::spawn(async move {
        server.accept().await.answer("200 OK", "", "<html>").await;
    });
    let error = publisher.publish("a", "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Publish);
    serve.await.unwrap();
}

#[tokio::test]
async fn a_refused_port_is_tried_as_often_as_the_policy_says() {
    let deserted = Deserted::new();
    let url = deserted.url();
    let publisher =
        Publisher::new(&url, PublisherOptions::new().retry(hasty().attempts(3))).unwrap();
    let error = publisher.publish("a", "x").await.unwrap_err();
    assert_eq!((error.kind(), error.attempt()), (ErrorKind::Connect, 4));
    let publisher = Publisher::new(&url, PublisherOptions::new().no_retry()).unwrap();
    assert_eq!(publisher.publish("a", "x").await.unwrap_err().attempt(), 1);
}

#[tokio::test]
async fn a_hub_that_stops_in_its_answer_is_a_timeout() {
    let server = Server::start();
    let options = PublisherOptions::new()
        .timeout(Duration::from_millis(200))
        .no_retry();
    let publisher = Publisher::new(server.url(), options).unwrap();
    let serve = tokio::spawn(async move {
        let mut connection = server.accept().await;
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"id\": ";
        connection.send(half).await;
        connection.gone().await;
    });
    let error = publisher.publish("a", "x").await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    serve.await.unwrap();
}

#[tokio::test]
async fn a_hub_that_never_answers_is_a_timeout() {
    let server = Server::start();
    let options = PublisherOptions::new()
        .timeout(Duration::from_millis(50))
        .no_retry();
    let publisher = Publisher::new(server.url(), options).unwrap();
    let serve = tokio::spawn(async move { server.accept().await.gone().await });
    let error = publisher.publish("a", "x").await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    serve.await.unwrap();
}
