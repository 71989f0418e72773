//! The subscriber in Rust: what it gets, it reports; when its standard input ends, it closes.

use eventwire::{ConnectOptions, StreamItem};
use tokio::io::AsyncReadExt;

use crate::report::ClientReport;

/// Subscribes to `url` until the end of standard input, or of the stream. Returns the exit code of the program.
pub async fn run(url: &str, mut report: impl FnMut(ClientReport)) -> i32 {
    let stream = match ConnectOptions::new(url).open() {
        Ok(stream) => stream,
        Err(error) => {
            report(ClientReport::Error {
                error: error.to_string(),
            });
            return 1;
        }
    };
    let closer = stream.closer();
    tokio::spawn(async move {
        end_of_stdin().await;
        closer.close();
    });
    let mut items = stream.items();
    while let Some(item) = items.next().await {
        report(match item {
            Ok(StreamItem::Opened(_)) => ClientReport::Opened,
            Ok(StreamItem::Event(event)) => ClientReport::Event {
                event: event.event().to_owned(),
                data: event.data().to_owned(),
                id: event.id().to_owned(),
            },
            Ok(StreamItem::Reset(reset)) => ClientReport::Reset {
                requested: reset.requested,
                reason: reset.reason,
                first: Some(reset.first),
            },
            Ok(StreamItem::Reconnecting(why)) => ClientReport::Reconnecting {
                error: why.reason.to_string(),
            },
            Ok(_) => continue,
            Err(error) => {
                report(ClientReport::Error {
                    error: error.to_string(),
                });
                return 1;
            }
        });
    }
    report(ClientReport::Closed);
    0
}

/// Waits until standard input has ended, and ignores what it brings.
pub async fn end_of_stdin() {
    let (mut stdin, mut ignored) = (tokio::io::stdin(), [0; 64]);
    while stdin
        .read(&mut ignored)
        .await
        .is_ok_and(|length| length > 0)
    {}
}
