//! `eventwire publish`

use std::io::{self, BufRead};

use eventwire_client::{PublishMessage, Publisher, PublisherOptions};
use tokio::sync::mpsc;

use crate::address;
use crate::args::Publish;
use crate::failure::Failure;
use crate::output::Output;

/// How many lines are read ahead of their publishing.
const READ_AHEAD: usize = 64;

/// Publishes what was given, or line by line what comes in.
pub(crate) async fn publish(args: Publish) -> Result<(), Failure> {
    let lines = args.data == "-";
    if lines && args.key.is_some() {
        return Err(Failure::Said(
            "--key names one event, and there may be many lines: give the data as an argument"
                .to_owned(),
        ));
    }
    let mut options = PublisherOptions::new();
    for (name, value) in &args.headers {
        options = options.header(name, value);
    }
    let publisher = Publisher::new(address::events(&args.url)?, options).map_err(Failure::of)?;
    let mut output = Output::new();
    if !lines {
        let data = args.data.clone();
        return one(&publisher, &args, data, &mut output).await;
    }
    let mut stdin = stdin_lines();
    while let Some(line) = stdin.recv().await {
        let line = line
            .map_err(|error| Failure::Said(format!("cannot read the standard input: {error}")))?;
        one(&publisher, &args, line, &mut output).await?;
    }
    Ok(())
}

async fn one(
    publisher: &Publisher,
    args: &Publish,
    data: String,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut message = PublishMessage::new(data);
    if let Some(event) = &args.event {
        message = message.event(event);
    }
    if let Some(key) = &args.key {
        message = message.key(key);
    }
    let id = publisher
        .publish(args.topics.as_slice(), message)
        .await
        .map_err(Failure::of)?;
    output.line(&id)?;
    output.flush()
}

/// The lines of the standard input, without their ends. By a thread of its own, since such a read cannot be cancelled, and
/// Ctrl-C must not wait for it.
fn stdin_lines() -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(READ_AHEAD);
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = match stdin.read_until(b'\n', &mut line) {
                Ok(0) => return,
                Ok(_) => Ok(text(&line)),
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            if sender.blocking_send(read).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

/// A line without its end; what is no UTF-8 in it is replaced, since an event stream is nothing else.
fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_line_is_taken_without_its_end() {
        assert_eq!(text(b"a\n"), "a");
        assert_eq!(text(b"a\r\n"), "a");
        assert_eq!(text(b"a"), "a");
        assert_eq!(text(b"\n"), "");
        assert_eq!(text(b"\xff\n"), "\u{fffd}");
    }
}
