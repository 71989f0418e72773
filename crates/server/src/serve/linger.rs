//! Closing a connection whose client still sends.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How long a client may send nothing, and how much it may send in which time, before the connection is closed all the same.
const QUIET: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(30);
const BYTES: usize = 64 << 20;
/// How much is read at a time, and thrown away.
const READ: usize = 32 << 10;

/// Reads, and forgets, what the client still sends of a body that was refused. A socket that is closed with something unread is
/// reset by the system, and a reset makes the answer unreadable that was sent before.
pub(super) async fn linger(mut socket: impl AsyncRead + Unpin) {
    let reading = async {
        let mut space = vec![0; READ];
        let mut left = BYTES;
        while left > 0
            && let Ok(Ok(read @ 1..)) = tokio::time::timeout(QUIET, socket.read(&mut space)).await
        {
            left = left.saturating_sub(read);
        }
    };
    // Whether it went away or is cut off: the answer has been sent.
    let _ = tokio::time::timeout(WHOLE, reading).await;
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_sending_is_waited_for_a_little() {
        let (mut client, server) = duplex(1024);
        let start = Instant::now();
        client.write_all(b"x").await.unwrap();
        linger(server).await;
        assert_eq!(start.elapsed(), QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_is_not_waited_for() {
        let (client, server) = duplex(1024);
        let start = Instant::now();
        drop(client);
        linger(server).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_trickles_is_cut_off() {
        let (mut client, server) = duplex(1024);
        let start = Instant::now();
        let sending = tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        linger(server).await;
        assert_eq!(start.elapsed(), WHOLE);
        sending.await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_does_not_end_is_cut_off() {
        let (mut client, server) = duplex(READ);
        let sending = tokio::spawn(async move {
            let mut sent = 0;
            while client.write_all(&[0; READ]).await.is_ok() {
                sent += READ;
            }
            sent
        });
        linger(server).await;
        assert!((BYTES..BYTES + 4 * READ).contains(&sending.await.unwrap()));
    }
}
