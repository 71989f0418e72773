//! Files through hubs and streams: what works, what goes wrong, and 100 MB through a connection that is cut ten times.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use eventwire::slices::{
    Assembly, ReceiveOptions, SendOptions, SliceErrorKind, Slices, TransferError,
};
use eventwire::{
    Event, EventStream, FileAssembly, Hub, Publication, Publisher, PublisherOptions, ServeOptions,
    Server, connect,
};
use eventwire_tests::bounded;
use eventwire_tests::cutter::Cutter;
use eventwire_tests::program::{Program, sibling};
use serde::Deserialize;

/// A folder of the test's own, in cargo's folder for such.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("slices-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn serve(hub: &Hub) -> Server {
    hub.serve("127.0.0.1:0", ServeOptions::new()).await.unwrap()
}

fn from_the_start(server: &Server) -> EventStream {
    let url = format!("{}/events?topic=files&start=earliest", server.url());
    connect(url).open().unwrap()
}

fn payload() -> Vec<u8> {
    (0..=250).cycle().take(256_000).collect()
}

#[tokio::test]
async fn a_file_goes_through_a_hub_and_again_when_it_is_sent_again() {
    let folder = Folder::new("hub");
    fs::write(folder.file("payload.bin"), payload()).unwrap();
    let hub = Hub::new();
    let server = serve(&hub).await;
    let options = SendOptions::new().slice_size(10_000);
    for _ in 0..2 {
        let sent = hub
            .send_file("files", folder.file("payload.bin"), options.clone())
            .await
            .unwrap();
        assert_eq!(
            (sent.name(), sent.size(), sent.count()),
            ("payload.bin", 256_000, 26)
        );
    }
    assert_eq!(hub.stats().events, 52);

    let target = folder.file("received");
    let mut stream = from_the_start(&server);
    let received = stream
        .receive_file(&target, ReceiveOptions::new())
        .await
        .unwrap();
    assert_eq!(received.name(), "payload.bin");
    assert_eq!(fs::read(&target).unwrap(), payload());
    // The stream is open still: the second sending is there.
    let (again, bytes) = stream.receive_bytes(ReceiveOptions::new()).await.unwrap();
    assert_eq!((again, bytes), (received, payload()));
}

#[tokio::test]
async fn bytes_go_by_a_publisher() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let publisher = Publisher::new(server.url(), PublisherOptions::new()).unwrap();
    let options = SendOptions::new().name("b").slice_size(100_000);
    let sent = publisher
        .send_bytes("files", payload(), options)
        .await
        .unwrap();
    let options = ReceiveOptions::new().name("b");
    let (received, bytes) = from_the_start(&server)
        .receive_bytes(options)
        .await
        .unwrap();
    assert_eq!((received, bytes), (sent, payload()));
}

#[tokio::test]
async fn a_slice_as_large_as_allowed_fits_every_limit() {
    let hub = Hub::new();
    let server = serve(&hub).await;
    let publisher = Publisher::new(server.url(), PublisherOptions::new()).unwrap();
    let payload = vec![0xfb; 8 << 20];
    // The longest name that JSON makes of 1024 bytes.
    let options = SendOptions::new()
        .name("\u{1}".repeat(1024))
        .slice_size(8 << 20);
    publisher
        .send_bytes("files", payload.clone(), options)
        .await
        .unwrap();
    let (_, bytes) = from_the_start(&server)
        .receive_bytes(ReceiveOptions::new())
        .await
        .unwrap();
    assert!(bytes == payload);
}

#[tokio::test]
async fn what_the_hub_refuses_ends_the_sending() {
    let hub = Hub::new();
    let error = hub
        .send_bytes("a*", "x", SendOptions::new())
        .await
        .unwrap_err();
    assert!(matches!(error, TransferError::Carrier(_)), "{error:?}");
    let error = hub
        .send_file("a", "there/is/none", SendOptions::new())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, TransferError::File(error) if error.path().is_some()),
        "{error:?}"
    );
    let options = SendOptions::new().slice_size(0);
    let error = hub.send_bytes("a", "x", options).await.unwrap_err();
    assert!(matches!(error, TransferError::Slice(_)), "{error:?}");
    assert_eq!(hub.stats().events, 0);
}

#[test]
fn a_hub_without_a_runtime_sends_all_the_same() {
    let hub = Hub::new();
    let sending = Box::pin(hub.send_bytes("files", "abc", SendOptions::new().slice_size(1)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut sending = sending;
    assert!(sending.as_mut().poll(&mut context).is_ready());
    assert_eq!(hub.stats().events, 3);
}

#[tokio::test]
async fn a_log_that_is_too_short_is_said_and_nothing_is_left() {
    let folder = Folder::new("short");
    let hub = Hub::builder().max_bytes(100_000).build().unwrap();
    let server = serve(&hub).await;
    let options = SendOptions::new().slice_size(10_000);
    hub.send_bytes("files", payload(), options).await.unwrap();
    let mut stream = from_the_start(&server);
    let error = stream
        .receive_file(folder.file("target"), ReceiveOptions::new())
        .await
        .unwrap_err();
    let TransferError::Slice(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (error.kind(), error.expected()),
        (SliceErrorKind::Missing, Some(0))
    );
    assert!(error.to_string().contains("max_bytes"), "{error}");
    assert_eq!(folder.names(), [""; 0]);
}

#[tokio::test]
async fn a_receiving_that_is_dropped_leaves_nothing_and_the_target_as_it_was() {
    let folder = Folder::new("dropped");
    let target = folder.file("target");
    fs::write(&target, "before").unwrap();
    let hub = Hub::new();
    let server = serve(&hub).await;
    let events: Vec<Event> = Slices::of_bytes("abc", SendOptions::new().slice_size(1))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for event in &events[..2] {
        let publication = Publication::new("files", event.data()).event(event.event());
        hub.publish(publication).await.unwrap();
    }
    let mut stream = from_the_start(&server);
    let receiving = stream.receive_file(&target, ReceiveOptions::new());
    // Whenever that is: it cannot complete, for the last slice is not there.
    tokio::time::timeout(Duration::from_millis(300), receiving)
        .await
        .unwrap_err();
    let gone = async {
        while folder.names() != ["target"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    bounded("the removal of the temporary file", gone)
        .await
        .unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "before");
}

#[test]
fn a_target_that_cannot_be_written_is_an_error_before_anything_is_received() {
    let folder = Folder::new("targets");
    let fails = |path: &Path| {
        let error = FileAssembly::create(path, ReceiveOptions::new()).unwrap_err();
        let TransferError::File(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.path(), Some(path));
        error.error().kind()
    };
    use std::io::ErrorKind;
    assert_eq!(fails(&folder.0), ErrorKind::IsADirectory);
    assert_eq!(fails(&folder.file("none/file")), ErrorKind::NotFound);
    fs::write(folder.file("file"), "").unwrap();
    assert_eq!(fails(&folder.file("file/file")), ErrorKind::NotADirectory);
    assert_eq!(fails(Path::new("/")), ErrorKind::IsADirectory);
    assert_eq!(fails(Path::new("")), ErrorKind::InvalidInput);
    assert_eq!(folder.names(), ["file"]);
}

#[test]
fn a_target_that_becomes_a_folder_meanwhile_is_an_error_that_stays() {
    let folder = Folder::new("meanwhile");
    let target = folder.file("target");
    let mut file = FileAssembly::create(&target, ReceiveOptions::new()).unwrap();
    fs::create_dir(&target).unwrap();
    let event = Slices::of_bytes("x", SendOptions::new()).unwrap().next();
    let event = event.unwrap().unwrap();
    assert!(matches!(file.take(&event), Err(TransferError::File(_))));
    assert!(!file.is_complete() && !file.take(&event).unwrap());
    assert!(file.finish().is_err());
    assert_eq!(folder.names(), ["target"]);
}

#[tokio::test]
async fn a_plain_decoder_is_enough() {
    // What a client without any of this does: decode, and let an assembly take the events.
    let frames: Vec<u8> = Slices::of_bytes(payload(), SendOptions::new().slice_size(9999))
        .unwrap()
        .flat_map(|event| event.unwrap().encode().unwrap())
        .collect();
    let mut decoder = eventwire::Decoder::new();
    let mut assembly = Assembly::new(ReceiveOptions::new()).unwrap();
    let mut received = Vec::new();
    for chunk in frames.chunks(1000) {
        let mut items = decoder.feed(chunk);
        while let Some(event) = items.next_event().unwrap() {
            if let eventwire::slices::Taken::Bytes(bytes) = assembly.take(event).unwrap() {
                received.extend(bytes);
            }
        }
    }
    assert!(assembly.is_complete());
    assert_eq!(received, payload());
}

const CUTS: usize = 10;

/// What a side may hold beyond what it held before: far less than the 100 MB.
const ALLOWANCE: u64 = 40 << 20;

#[derive(Deserialize)]
struct Listening {
    address: SocketAddr,
}

#[derive(Debug, Deserialize)]
struct Held {
    before: u64,
    most: u64,
}

/// A file of 100 MiB, none of whose slices is like another.
fn large(path: &Path) {
    let mut block: Vec<u8> = (0..=250).cycle().take(1 << 20).collect();
    let mut whole = Vec::with_capacity(100 << 20);
    for number in 0..100_u64 {
        block[..8].copy_from_slice(&number.to_be_bytes());
        whole.extend_from_slice(&block);
    }
    fs::write(path, whole).unwrap();
}

async fn through_cuts(role: &str) {
    let folder = Folder::new(role);
    let (source, target) = (folder.file("large"), folder.file("received"));
    large(&source);
    let mut command = Command::new(sibling("transfer").unwrap());
    command.arg(role).arg(&source);
    let mut sender = Program::start("the sender", command).unwrap();
    let Listening { address } = sender.report("its address").await.unwrap();
    let cutter = Cutter::start(address, CUTS, 12_000_000).await.unwrap();

    let mut command = Command::new(sibling("transfer").unwrap());
    let url = cutter.url("/events?topic=files&start=earliest");
    command.arg("receive").arg(url).arg(&target);
    if role == "hub" {
        command.arg(format!("http://{address}"));
    }
    let mut receiver = Program::start("the receiver", command).unwrap();
    let line = tokio::time::timeout(Duration::from_secs(100), receiver.line()).await;
    let received: Held = match line.unwrap() {
        Some(line) => serde_json::from_str(&line).unwrap(),
        None => panic!("the receiver failed: {}", receiver.complaints()),
    };
    sender.ask_to_stop();
    let sent: Held = sender.report("what it held").await.unwrap();

    assert_eq!(cutter.left(), 0, "it was not cut often enough");
    assert!(fs::read(&source).unwrap() == fs::read(&target).unwrap());
    for (side, held) in [("sender", sent), ("receiver", received)] {
        let more = held.most - held.before;
        assert!(more < ALLOWANCE, "the {side} held {} MiB", more >> 20);
        println!("the {side} held {} MiB", more >> 20);
    }
}

#[tokio::test]
async fn a_hundred_megabytes_from_an_endpoint_cut_ten_times() {
    through_cuts("endpoint").await;
}

#[tokio::test]
async fn a_hundred_megabytes_through_a_hub_cut_ten_times() {
    through_cuts("hub").await;
}
