//! The classic example, as it runs. No check depends on time: where a timer must not fire, it is set to an hour.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

struct Server {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    addr: String,
}

impl Server {
    async fn start(tick_ms: &str) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_classic_server"))
            .args(["--listen", "127.0.0.1:0", "--tick-ms", tick_ms])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = bounded(lines.next_line()).await.unwrap().unwrap();
        let addr = line
            .strip_prefix("listening on http://")
            .unwrap()
            .strip_suffix("/stream")
            .unwrap()
            .to_owned();
        Server {
            _child: child,
            lines,
            addr,
        }
    }

    async fn says(&mut self, expected: &str) {
        assert_eq!(
            bounded(self.lines.next_line()).await.unwrap().unwrap(),
            expected
        );
    }

    async fn request(&self, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.addr).await.unwrap();
        let request =
            format!("GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(30), future)
        .await
        .expect("nothing came for 30 s")
}

async fn run_client(url: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_classic_client"));
    bounded(command.arg(url).kill_on_drop(true).output())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_stream_has_a_retry_then_the_dates_then_an_end_and_closes() {
    let server = Server::start("1").await;
    let mut answer = String::new();
    bounded(server.request("").await.read_to_string(&mut answer))
        .await
        .unwrap();
    let lower = answer.to_lowercase();
    assert!(
        lower.contains("content-type: text/event-stream\r\n"),
        "{answer}"
    );
    // Each part was a chunk of its own.
    let lines: Vec<&str> = answer.lines().filter(|line| line.contains(": ")).collect();
    let begin = lines
        .iter()
        .position(|line| *line == "retry: 10000")
        .expect(&answer);
    let [_, kind, connected, dates @ .., end, bye] = &lines[begin..] else {
        panic!("{answer}")
    };
    assert_eq!(
        (*kind, *end, *bye),
        ("event: connecttime", "event: end", "data: bye"),
        "{answer}"
    );
    assert_eq!(dates.len(), 3, "{answer}");
    for line in dates.iter().chain([connected]) {
        httpdate::parse_http_date(line.strip_prefix("data: ").unwrap()).unwrap();
    }
    assert!(answer.ends_with("0\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn the_client_reads_to_the_end() {
    let mut server = Server::start("1").await;
    let output = run_client(&format!("http://{}/stream", server.addr)).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let kinds: Vec<&str> = text
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["connecttime", "message", "message", "message", "end"],
        "{text}"
    );
    assert!(output.status.success());
    server.says("producer starts").await;
    server.says("producer stops after 5 of 5 blocks").await;
}

#[tokio::test]
async fn the_producer_stops_when_its_client_goes_and_the_others_do_not() {
    let mut server = Server::start("3600000").await;
    let mut stays = server.request("").await;
    server.says("producer starts").await;
    let mut goes = server.request("").await;
    server.says("producer starts").await;
    for stream in [&mut stays, &mut goes] {
        let mut seen = Vec::new();
        while !seen.ends_with(b"\n\n\r\n") {
            seen.push(bounded(stream.read_u8()).await.unwrap());
        }
    }
    drop(goes);
    server.says("producer stops after 1 of 5 blocks").await;
    drop(stays);
    server.says("producer stops after 1 of 5 blocks").await;
}

#[tokio::test]
async fn any_origin_is_allowed_with_credentials() {
    let server = Server::start("1").await;
    let mut answer = String::new();
    let mut stream = server
        .request("Origin: https://page.example\r\nCookie: a=b\r\n")
        .await;
    bounded(stream.read_to_string(&mut answer)).await.unwrap();
    let answer = answer.to_lowercase();
    for header in [
        "access-control-allow-origin: https://page.example",
        "access-control-allow-credentials: true",
        "vary: origin",
    ] {
        assert!(
            answer.contains(&format!("\r\n{header}\r\n")),
            "{header} is missing in {answer}"
        );
    }
}

/// Hand-written loops break where a chunk ends inside a line or a character: here every byte is a chunk of its own.
#[tokio::test]
async fn the_client_reads_lines_and_characters_that_are_split() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let client = tokio::spawn(async move { run_client(&format!("http://{addr}/stream")).await });
    let (mut stream, _) = bounded(listener.accept()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(bounded(stream.read_u8()).await.unwrap());
    }
    stream.set_nodelay(true).unwrap();
    let answer =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    let body = "event: connecttime\r\ndata: {\"date\":\r\ndata:  \"20 août, 12時 🕛\"}\r\n\r\nevent: end\ndata: ❤\n\n";
    for byte in body.bytes() {
        stream
            .write_all(&[b'1', b'\r', b'\n', byte, b'\r', b'\n'])
            .await
            .unwrap();
        tokio::task::yield_now().await;
    }
    let output = client.await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text,
        "connecttime: 20 août, 12時 🕛\nend: ❤\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn the_client_says_what_is_wrong() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/stream", listener.local_addr().unwrap());
    drop(listener);
    let output = run_client(&url).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        text.contains("127.0.0.1") && !text.contains("panicked"),
        "{text}"
    );
}
