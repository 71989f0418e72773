//! `eventwire tail`

use std::pin::Pin;

use eventwire_client::{ConnectOptions, Error, EventStream, Reconnecting, Reset, StreamItem};
use eventwire_codec::Event;
use futures_util::FutureExt;
use serde_json::json;

use crate::address;
use crate::args::Tail;
use crate::failure::Failure;
use crate::output::{self, Output, notice};

/// How long a line may be, by default.
const MAX_LINE: usize = 16 << 20;

#[derive(Clone, Copy, Debug)]
enum Format {
    Readable,
    Json,
    Raw,
}

/// Prints events until the stream ends.
pub(crate) async fn tail(args: Tail) -> Result<(), Failure> {
    let format = match (args.json, args.raw) {
        (true, _) => Format::Json,
        (_, true) => Format::Raw,
        _ => Format::Readable,
    };
    let mut stream = open(&args)?;
    let mut output = Output::new();
    // Until the first answer a failure is most likely a typing error, and the person is still there.
    let mut opened = args.wait;
    let mut cut = false;
    let mut gone = std::pin::pin!(output::gone());
    while let Some(item) = next(&mut stream, &mut output, gone.as_mut()).await? {
        match item.map_err(Failure::of)? {
            StreamItem::Opened(_) => {
                if cut {
                    notice(&format!("connected to {} again", stream.url()));
                }
                (opened, cut) = (true, false);
            }
            StreamItem::Event(event) => print(&mut output, &event, format)?,
            StreamItem::Reset(reset) => gap(&mut output, &reset, format)?,
            StreamItem::Reconnecting(again) if !opened => {
                return Err(Failure::of(&again.reason));
            }
            StreamItem::Reconnecting(again) => {
                cut = true;
                notice(&reconnecting(&again));
            }
            _ => {}
        }
    }
    output.flush()
}

fn open(args: &Tail) -> Result<EventStream, Failure> {
    let mut url = address::events(&args.url)?;
    for topic in &args.topics {
        url.query_pairs_mut().append_pair("topic", topic);
    }
    if let Some(start) = &args.start {
        url.query_pairs_mut().append_pair("start", start);
    }
    let mut options = ConnectOptions::new(url);
    for (name, value) in &args.headers {
        options = options.header(name, value);
    }
    if let Some(id) = &args.last_event_id {
        options = options.last_event_id(id);
    }
    if let Some(bytes) = args.max_event {
        // A line has a few bytes more than the data in it.
        options = options.max_event(bytes).max_line(bytes.max(MAX_LINE));
    }
    if let Some(time) = args.idle_timeout {
        options = options.idle_timeout(time);
    }
    options.open().map_err(Failure::of)
}

/// The next item. What was printed is shown before there is a wait, not after every event.
async fn next(
    stream: &mut EventStream,
    output: &mut Output,
    gone: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Result<StreamItem, Error>>, Failure> {
    if let Some(item) = stream.next_item().now_or_never() {
        return Ok(item);
    }
    output.flush()?;
    tokio::select! {
        item = stream.next_item() => Ok(item),
        () = gone => Err(Failure::OutputGone),
    }
}

fn print(output: &mut Output, event: &Event, format: Format) -> Result<(), Failure> {
    match format {
        Format::Readable if event.event() == "message" => output.line(event.data()),
        Format::Readable => output.line(&format!("{}: {}", event.event(), event.data())),
        Format::Json => {
            let object = json!({ "event": event.event(), "data": event.data(), "id": event.id() });
            output.bytes(format!("{object}\n").as_bytes())
        }
        Format::Raw => output.bytes(&event.encode().map_err(Failure::of)?),
    }
}

/// A gap is told to people by words, and to programs also by the event that announces it.
fn gap(output: &mut Output, reset: &Reset, format: Format) -> Result<(), Failure> {
    output.flush()?;
    notice(&format!(
        "some events after {:?} are gone ({}); going on with what is held",
        reset.requested, reset.reason
    ));
    match format {
        Format::Readable => Ok(()),
        Format::Json | Format::Raw => print(output, reset.event(), format),
    }
}

fn reconnecting(again: &Reconnecting) -> String {
    format!(
        "{}; trying again in {:.1} s",
        again.reason,
        again.delay.as_secs_f64()
    )
}
