use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

async fn next<S: AsyncRead + AsyncWrite + Unpin>(gate: &mut Gate<S>) -> String {
    let mut bytes = [0; 1024];
    let count = gate.read(&mut bytes).await.unwrap();
    String::from_utf8(bytes[..count].to_vec()).unwrap()
}

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn heads_come_one_at_a_time_and_bodies_whole() {
    let (mut client, server) = duplex(1024);
    let mut gate = Gate::new(server, PATIENCE);
    let link = gate.link();
    client.write_all(b"A\n\nB\n\nx\n\nyC\n\n").await.unwrap();
    assert_eq!(next(&mut gate).await, "A\n\n");
    assert!(!link.is_read_up());
    assert_eq!(next(&mut gate).await, "B\n\n");
    link.body(4);
    assert_eq!(next(&mut gate).await, "x\n\ny");
    assert_eq!(next(&mut gate).await, "C\n\n");
    assert!(link.is_read_up());
}

#[tokio::test(start_paused = true)]
async fn a_shut_gate_holds_back_all_but_the_end() {
    let (mut client, server) = duplex(1024);
    let mut gate = Gate::new(server, PATIENCE);
    let link = gate.link();
    link.shut();
    client.write_all(b"A").await.unwrap();
    let held = tokio::time::timeout(PATIENCE, next(&mut gate)).await;
    assert!(held.is_err() && !link.is_read_up());
    link.open();
    assert_eq!(next(&mut gate).await, "A");
    link.shut();
    drop(client);
    assert_eq!(next(&mut gate).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_nothing_is_given_up() {
    let (client, server) = duplex(4);
    let mut gate = Gate::new(server, PATIENCE);
    let link = gate.link();
    let error = gate.write_all(b"12345").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(link.end(), Some(End::Stalled));
    drop(client);
}

#[tokio::test]
async fn the_preface_of_http2_is_told_apart_and_stays() {
    for (sent, http2) in [
        (PREFACE, true),
        (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", false),
        (b"POST / HTTP/1.1\r\n", false),
        (b"PRI", false),
        (b"", false),
    ] {
        let (mut client, server) = duplex(1024);
        let mut gate = Gate::new(server, PATIENCE);
        client.write_all(sent).await.unwrap();
        drop(client);
        assert_eq!(gate.speaks_http2().await.unwrap(), http2, "{sent:?}");
        let mut all = Vec::new();
        gate.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, sent);
    }
}
