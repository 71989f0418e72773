//! `eventwire publish`

use std::collections::VecDeque;
use std::pin::Pin;

use eventwire_client::{Error, PublishMessage, Publisher, PublisherOptions, RetryPolicy};
use futures_util::FutureExt;

use crate::address;
use crate::args::Publish;
use crate::failure::Failure;
use crate::fates::{Fates, said};
use crate::input::Lines;
use crate::output::{self, Output};

/// How many lines, and of how many bytes, may be on their way: some batches, so that a fast input need not wait for the answer to
/// each. A line that is longer goes alone.
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
    if let Some(time) = args.timeout {
        options = options.timeout(time);
    }
    if let Some(time) = args.deadline {
        options = options.retry(RetryPolicy::new().deadline(time));
    }
    let publisher = Publisher::new(address::events(&args.url)?, options).map_err(Failure::of)?;
    let mut output = Output::new();
    if !lines {
        let id = publishing(&publisher, &args, args.data.clone()).await;
        output.line(&id.map_err(|error| Failure::Said(said(&error)))?)?;
        return output.flush();
    }
    all(&publisher, &args, &mut output).await
}

type Publishing<'a> = Pin<Box<dyn Future<Output = Result<String, Error>> + 'a>>;

/// Publishes each line as soon as it comes, and tells what becomes of them in their order, of each as soon as it is known. Where one
/// fails, no more are sent.
async fn all(publisher: &Publisher, args: &Publish, output: &mut Output) -> Result<(), Failure> {
    let mut lines = Lines::of_stdin();
    let mut fates = Fates::told_to(output);
    // With the size of each.
    let mut under_way: VecDeque<(usize, Publishing<'_>)> = VecDeque::new();
    let mut bytes = 0;
    let mut more = true;
    let mut gone = std::pin::pin!(output::gone());
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
            (size, answer) = first => {
                under_way.pop_front();
                bytes -= size;
                fates.tell(answer);
                // What else is there is shown with it.
                while let Some((size, next)) = under_way.front_mut()
                    && let Some(answer) = next.now_or_never()
                {
                    bytes -= *size;
                    under_way.pop_front();
                    fates.tell(answer);
                }
                fates.show();
            }
            () = gone.as_mut(), if more => fates.trouble(Failure::OutputGone),
            line = lines.next(), if room => match line {
                None => more = false,
                Some(Err(error)) => {
                    let line = fates.sent() + 1;
                    let why = format!("cannot read line {line} of the standard input: {error}");
                    fates.trouble(Failure::Said(why));
                }
                Some(Ok(line)) => {
                    let size = line.len();
                    bytes += size;
                    fates.send();
                    let mut next = publishing(publisher, args, line);
                    // Its place in the order is that of its first poll.
                    match next.as_mut().now_or_never() {
                        Some(id) => under_way.push_back((size, std::future::ready(id).boxed_local())),
                        None => under_way.push_back((size, next)),
                    }
                }
            },
        }
        more &= fates.all_is_well();
    }
    fates.end()
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
