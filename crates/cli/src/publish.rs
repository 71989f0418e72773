//! `eventwire publish`

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::pin::Pin;

use eventwire_client::{Error, PublishMessage, Publisher, PublisherOptions};
use futures_util::FutureExt;
use tokio::sync::mpsc;

use crate::address;
use crate::args::Publish;
use crate::failure::Failure;
use crate::output::Output;

/// How many lines are read ahead of their publishing.
const READ_AHEAD: usize = 64;

/// How many lines, and of how many bytes, may be on their way: some batches, so that a fast input need not wait for the answer to
/// each. One line may have any length.
const UNDER_WAY: usize = 2048;
const BYTES_UNDER_WAY: usize = 8 << 20;

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
        let id = publishing(&publisher, &args, args.data.clone()).await;
        output.line(&id.map_err(Failure::of)?)?;
        return output.flush();
    }
    all(&publisher, &args, stdin_lines(), &mut output).await
}

type Publishing<'a> = Pin<Box<dyn Future<Output = Result<String, Error>> + 'a>>;

/// Publishes each line as soon as it comes, and prints the ids in the order of the lines, each as soon as it is there.
async fn all(
    publisher: &Publisher,
    args: &Publish,
    mut lines: mpsc::Receiver<io::Result<String>>,
    output: &mut Output,
) -> Result<(), Failure> {
    // With the size of each.
    let mut under_way: VecDeque<(usize, Publishing<'_>)> = VecDeque::new();
    let mut bytes = 0;
    let mut more = true;
    while more || !under_way.is_empty() {
        let room = more && under_way.len() < UNDER_WAY && bytes < BYTES_UNDER_WAY;
        let first = async {
            match under_way.front_mut() {
                Some((size, first)) => (*size, first.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            (size, id) = first => {
                under_way.pop_front();
                bytes -= size;
                output.line(&id.map_err(Failure::of)?)?;
                // What else is there is shown with it.
                while let Some((size, next)) = under_way.front_mut()
                    && let Some(id) = next.now_or_never()
                {
                    bytes -= *size;
                    under_way.pop_front();
                    output.line(&id.map_err(Failure::of)?)?;
                }
                output.flush()?;
            }
            line = lines.recv(), if room => {
                let Some(line) = line else {
                    more = false;
                    continue;
                };
                let line = line.map_err(|error| {
                    Failure::Said(format!("cannot read the standard input: {error}"))
                })?;
                let size = line.len();
                bytes += size;
                let mut next = publishing(publisher, args, line);
                // Its place in the order is that of its first poll.
                match next.as_mut().now_or_never() {
                    Some(id) => under_way.push_back((size, std::future::ready(id).boxed_local())),
                    None => under_way.push_back((size, next)),
                }
            }
        }
    }
    Ok(())
}

fn publishing<'a>(publisher: &'a Publisher, args: &'a Publish, data: String) -> Publishing<'a> {
    let mut message = PublishMessage::new(data);
    if let Some(event) = &args.event {
        message = message.event(event);
    }
    if let Some(key) = &args.key {
        message = message.key(key);
    }
    Box::pin(publisher.publish(args.topics.as_slice(), message))
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
