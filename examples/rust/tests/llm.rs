//! The examples for language models, as they run, against a server that has the streams of tests/fixtures/llm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

type Asked = Arc<Mutex<Vec<Value>>>;

fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/llm");
    folder.join(name)
}

/// Answers `POST /NAME` with that stream, in small pieces.
async fn answer(
    State(asked): State<Asked>,
    UrlPath(name): UrlPath<String>,
    body: Bytes,
) -> Response {
    let body = serde_json::from_slice(&body).unwrap();
    asked.lock().unwrap().push(body);
    let Ok(text) = fs::read(fixture(&format!("{name}.txt"))) else {
        return (StatusCode::TOO_MANY_REQUESTS, "slow down").into_response();
    };
    let pieces: Vec<_> = text
        .chunks(7)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    let body = Body::from_stream(stream::iter(pieces));
    ([("content-type", "text/event-stream")], body).into_response()
}

async fn serve() -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let routes = Router::new()
        .route("/{name}", post(answer))
        .with_state(asked.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, asked)
}

async fn run(name: &str, url: &str) -> Output {
    let program = match name.split('-').next() {
        Some("openai") => env!("CARGO_BIN_EXE_llm_openai"),
        _ => env!("CARGO_BIN_EXE_llm_anthropic"),
    };
    let mut command = Command::new(program);
    command
        .args([&format!("{url}/{name}"), "tern", "Why?"])
        // Else an error would bring a backtrace with it.
        .env_remove("RUST_BACKTRACE")
        .kill_on_drop(true);
    let done = timeout(Duration::from_secs(60), command.output()).await;
    done.expect("it did not end").unwrap()
}

#[tokio::test]
async fn the_answers_are_printed() {
    let mut count = 0;
    for entry in fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|of| of != "txt") {
            continue;
        }
        count += 1;
        let expect = fs::read_to_string(path.with_extension("json")).unwrap();
        let expect: Value = serde_json::from_str(&expect).unwrap();
        let (url, asked) = serve().await;
        let output = run(&name, &url).await;
        let mut printed = expect["text"].as_str().unwrap().to_owned();
        if let Some(tokens) = expect["output_tokens"].as_u64() {
            printed += &format!("\n[{tokens} tokens]\n");
        }
        assert_eq!(String::from_utf8(output.stdout).unwrap(), printed, "{name}");
        let errors = String::from_utf8(output.stderr).unwrap();
        let error = match expect["end"].as_str().unwrap() {
            "done" => String::new(),
            "error" => format!("Error: {}\n", expect["error"].as_str().unwrap()),
            _ => "Error: the stream was over before its message_stop\n".to_owned(),
        };
        assert_eq!(errors, error, "{name}");
        assert_eq!(output.status.success(), error.is_empty(), "{name}");
        let asked = asked.lock().unwrap();
        let [question] = &asked[..] else {
            panic!("{name}: asked {} times", asked.len())
        };
        assert_eq!(question["stream"], true);
        assert_eq!(
            question["messages"],
            json!([{"role": "user", "content": "Why?"}])
        );
    }
    assert!(count >= 6, "{count} fixtures");
}

#[tokio::test]
async fn what_the_service_says_is_shown() {
    for shape in ["openai", "anthropic"] {
        let (url, _) = serve().await;
        let output = run(&format!("{shape}-none"), &url).await;
        assert!(!output.status.success());
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!("Error: {url}/{shape}-none answered 429: slow down\n")
        );
    }
}
