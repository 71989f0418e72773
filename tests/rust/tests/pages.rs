//! Every Rust program of `docs/` prints what its page says, and the table of differences is true.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::process::Command;

use eventsource_stream::Eventsource;
use eventwire_tests::bounded;
use eventwire_tests::pages::{self, Program};
use futures_util::StreamExt;
use futures_util::stream::iter;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers every request with the stream, in pieces that end anywhere, as a network may.
async fn serve(listener: TcpListener, stream: String) -> std::io::Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        answer(socket, &stream).await?;
    }
}

async fn answer(mut socket: TcpStream, stream: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(socket.read_u8().await?);
    }
    socket.set_nodelay(true)?;
    socket
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await?;
    for piece in stream.as_bytes().chunks(5) {
        let head = format!("{:x}\r\n", piece.len());
        socket
            .write_all(&[head.as_bytes(), piece, b"\r\n"].concat())
            .await?;
    }
    socket.write_all(b"0\r\n\r\n").await
}

async fn run(program: &Program) {
    let name = format!("{}:{}", program.page, program.line);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = match &program.stream {
        Some(stream) => tokio::spawn(serve(listener, stream.clone())),
        // It has a server of its own, which finds the address free.
        None => {
            drop(listener);
            tokio::spawn(async { Ok(()) })
        }
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_doc-program"));
    command
        .args([&program.page, &program.line.to_string()])
        .env("EVENTWIRE_ADDRESS", address);
    let mut command = tokio::process::Command::from(command);
    let output = bounded(&name, command.kill_on_drop(true).output())
        .await
        .unwrap()
        .unwrap();
    server.abort();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let errors = text(output.stderr);
    assert_eq!(
        (errors.as_str(), output.status.code()),
        ("", Some(0)),
        "{name}"
    );
    if let Some(want) = &program.output {
        assert_eq!(&text(output.stdout), want, "{name}");
    }
}

#[tokio::test]
async fn every_program_prints_what_its_page_says() {
    let programs = pages::programs("rust").unwrap();
    for (page, at_least) in [
        ("binary-and-files.md", 3),
        ("decoding.md", 3),
        ("from-eventsource-stream.md", 4),
    ] {
        let count = programs.iter().filter(|of| of.page == page).count();
        assert!(count >= at_least, "{count} programs in {page}");
    }
    for program in &programs {
        run(program).await;
    }
}

#[test]
fn a_block_that_nobody_runs_is_an_error() {
    let error = pages::of_page("page.md", "# A page\n\n```ruby\nputs 1\n```\n").unwrap_err();
    assert_eq!(error, "page.md:3: no test runs a block of `ruby`");
    let error = pages::of_page("page.md", "```rust\nfn main() {}\n").unwrap_err();
    assert!(error.contains("no end"), "{error}");
    let text = "```output\n1\n```\n\n```console\n$ ls\n```\n```rust\nfn main() {}\n```\n";
    let program = Program {
        page: "page.md".into(),
        line: 8,
        language: "rust".into(),
        source: "fn main() {}\n".into(),
        stream: None,
        output: Some("1\n".into()),
    };
    assert_eq!(pages::of_page("page.md", text), Ok(vec![program]));
}

/// The rows of the page's table: the chunks, what the other library makes of them, and what eventwire does.
fn differences() -> Vec<(Vec<Vec<u8>>, Value, Value)> {
    let text = fs::read_to_string(pages::folder().join("from-eventsource-stream.md")).unwrap();
    let head = "| chunks | eventsource-stream 0.2.3 | eventwire |";
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with(head))
        .skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<Value> = row
            .split('`')
            .skip(1)
            .step_by(2)
            .take(3)
            .map(|cell| serde_json::from_str(cell).unwrap())
            .collect();
        let [chunks, theirs, ours] = &cells[..] else {
            panic!("{row}")
        };
        let chunks = chunks.as_array().unwrap().iter().map(bytes).collect();
        (chunks, theirs.clone(), ours.clone())
    })
    .collect()
}

fn bytes(chunk: &Value) -> Vec<u8> {
    let chunk = chunk.as_str().unwrap();
    match chunk.strip_prefix("hex:") {
        Some(hex) => (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect(),
        None => chunk.as_bytes().to_vec(),
    }
}

fn shown(data: &str, id: &str) -> String {
    if id.is_empty() {
        data.to_owned()
    } else {
        format!("{data} ({id})")
    }
}

#[tokio::test]
async fn the_table_of_differences_is_true() {
    let rows = differences();
    assert_eq!(rows.len(), 3);
    for (chunks, theirs, ours) in rows {
        let source = || iter(chunks.clone()).map(Ok::<_, std::io::Error>);
        let other = AssertUnwindSafe(async {
            let mut seen = Vec::new();
            let mut stream = source().eventsource();
            while let Some(event) = stream.next().await {
                match event {
                    Ok(event) => seen.push(shown(&event.data, &event.id)),
                    Err(_) => return json!("error"),
                }
            }
            json!(seen)
        });
        let other = futures_util::FutureExt::catch_unwind(other).await;
        assert_eq!(other.unwrap_or(json!("panics")), theirs, "{chunks:?}");

        let mut seen = Vec::new();
        let mut events = eventwire::decode(source());
        while let Some(event) = events.next().await.transpose().unwrap() {
            seen.push(shown(event.data(), event.id()));
        }
        assert_eq!(json!(seen), ours, "{chunks:?}");
        assert_ne!(theirs, ours);
    }
}
