//! Events out of a byte stream that something else has opened: reqwest, hyper, a file.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use eventwire_codec::{DecodeError, Decoder, Event, Item};
use futures_core::stream::{FusedStream, Stream, TryStream};
use pin_project_lite::pin_project;

/// The events of an event stream that comes in chunks of any size, with the default options of [`Decoder`].
///
/// `source` is any [`Stream`] of `Result<C, E>` whose chunks are bytes (`Bytes`, `Vec<u8>`, `&[u8]`, ...):
///
/// - reqwest: `eventwire::decode(response.bytes_stream())`;
/// - hyper, and any other `http_body::Body`: `eventwire::decode(body.into_data_stream())`, by the trait `BodyExt` of the crate
///   http-body-util;
/// - a `tokio::io::AsyncRead`: `eventwire::decode(ReaderStream::new(reader))`, by tokio-util.
///
/// It does no more than decode: the status and the content type are the caller's to check, and it does not connect again. For
/// that there is [`connect`](crate::connect()).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let chunks = ["data: {\"text\": \"hel", "lo\"}\n\ndata: [DONE]\n", "\n"].map(Ok::<_, std::io::Error>);
/// # let chunks = futures_util::stream::iter(chunks);
/// let mut events = eventwire::decode(chunks);
/// while let Some(event) = events.next().await.transpose()? {
///     // How some services say that they are done: text where JSON was.
///     if event.data() == "[DONE]" {
///         break;
///     }
///     let data: serde_json::Value = serde_json::from_str(event.data())?;
///     assert_eq!(data["text"], "hello");
/// }
/// # Ok(())
/// # }
/// ```
pub fn decode<S>(source: S) -> DecodeStream<S>
where
    S: TryStream<Ok: AsRef<[u8]>>,
{
    decode_with(Decoder::new(), source)
}

/// The same by a decoder of one's own: with a last event ID, other limits, or comments.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use eventwire::{DecodedItem, Decoder};
/// # let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(": still here\ndata: hello\n\n")]);
///
/// let decoder = Decoder::builder().last_event_id("41").max_event(1 << 20).comments(true).build();
/// let mut items = eventwire::decode_with(decoder, chunks).items();
/// assert_eq!(items.next().await.transpose()?, Some(DecodedItem::Comment("still here".into())));
/// let Some(DecodedItem::Event(event)) = items.next().await.transpose()? else { panic!() };
/// assert_eq!((event.data(), event.id()), ("hello", "41"));
/// # Ok(())
/// # }
/// ```
pub fn decode_with<S>(decoder: Decoder, source: S) -> DecodeStream<S>
where
    S: TryStream<Ok: AsRef<[u8]>>,
{
    DecodeStream {
        source,
        state: State {
            last_event_id: decoder.last_event_id().to_owned(),
            decoder,
            chunk: None,
            unread: 0,
            queue: VecDeque::new(),
            failed: None,
            ended: false,
        },
    }
}

pin_project! {
    /// Decodes a byte stream: a [`Stream`] of events, made by [`decode`] or [`decode_with`].
    ///
    /// The events of one chunk are given before the source is polled again, and so before an error of the source that came
    /// after them. It ends when the source does (an event that is cut off there is dropped, as the standard says) and after an
    /// error, which comes once; from then on it is `None`, and the source is not polled any more. Dropping it drops the source.
    ///
    /// It holds one chunk of the source, the unfinished event (at most `max_event` and `max_line`) and a bounded number of
    /// events that are decoded ahead.
    ///
    /// # Cancel safety
    ///
    /// Everything is kept in the stream, not in the futures that wait for it: those of [`next`](Self::next), or of any `next` of
    /// an extension trait, can be dropped at any await, as in a `select!`, and lose nothing.
    pub struct DecodeStream<S: TryStream> {
        #[pin]
        source: S,
        state: State<S::Ok>,
    }
}

/// How much is decoded ahead: enough to make the cost of a [pause](eventwire_codec::Items::pause) small.
///
/// Not simply all of a chunk. The last event ID is part of every event, so that a long one would make a few bytes of the
/// chunk a large event, thousands of times.
const AHEAD: usize = 64 << 10;

/// All but the source.
struct State<C> {
    decoder: Decoder,
    /// The chunk that is being decoded, and how many of its bytes, at its end, are not yet.
    chunk: Option<C>,
    unread: usize,
    /// Decoded, and not yet taken.
    queue: VecDeque<DecodedItem>,
    /// A limit that was passed behind what is queued.
    failed: Option<DecodeError>,
    /// The source has ended, or must not be read on.
    ended: bool,
    /// As of the last event that was taken. What the decoder says is ahead of that while something is queued.
    last_event_id: String,
}

impl<C: AsRef<[u8]>> State<C> {
    fn feed(&mut self, chunk: C) {
        self.unread = chunk.as_ref().len();
        self.chunk = Some(chunk);
    }

    /// The next item of what was fed; `None` where more is needed.
    fn next(&mut self) -> Option<Result<DecodedItem, DecodeError>> {
        if self.queue.is_empty() {
            self.fill();
        }
        if let Some(item) = self.queue.pop_front() {
            if let DecodedItem::Event(event) = &item
                && event.id() != self.last_event_id
            {
                self.last_event_id.clear();
                self.last_event_id.push_str(event.id());
            }
            return Some(Ok(item));
        }
        self.failed.take().map(Err)
    }

    /// Decodes on, up to the end of the chunk or until there is enough.
    fn fill(&mut self) {
        let Some(chunk) = &self.chunk else {
            return;
        };
        let chunk = chunk.as_ref();
        let bytes = &chunk[chunk.len() - self.unread..];
        match decode_ahead(&mut self.decoder, bytes, &mut self.queue) {
            Ok(unread) => self.unread = unread,
            Err(error) => {
                self.failed = Some(error);
                self.ended = true;
                self.unread = 0;
            }
        }
        if self.unread == 0 {
            self.chunk = None;
        }
    }

    fn is_drained(&self) -> bool {
        self.queue.is_empty() && self.chunk.is_none() && self.failed.is_none()
    }
}

/// Says how many of the bytes, at their end, are left for later.
fn decode_ahead(
    decoder: &mut Decoder,
    bytes: &[u8],
    queue: &mut VecDeque<DecodedItem>,
) -> Result<usize, DecodeError> {
    let mut items = decoder.feed(bytes);
    let mut ahead = 0;
    while ahead < AHEAD {
        match items.next()?.map(DecodedItem::of) {
            Some(Some(item)) => {
                ahead += item.size();
                queue.push_back(item);
            }
            Some(None) => {}
            None => return Ok(0),
        }
    }
    Ok(items.pause())
}

impl<S> DecodeStream<S>
where
    S: TryStream<Ok: AsRef<[u8]>>,
{
    /// The next event; `None` at the end. The same as the [`Stream`]'s, without an extension trait.
    ///
    /// A source that is not [`Unpin`] is to be pinned first: `pin!(source)`, or `Box::pin(source)`.
    ///
    /// # Errors
    ///
    /// What the source failed with, or the limit that the stream went beyond; once, after the events before it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Event, DecodeStreamError<S::Error>>>
    where
        S: Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_event(cx)).await
    }

    /// This stream with all of its items: besides events the comments and the reconnection times, where the decoder of
    /// [`decode_with`] was built to give them.
    pub fn items(self) -> DecodedItems<S> {
        DecodedItems { stream: self }
    }

    /// The last event ID of what was taken: what the next request is to send as `Last-Event-ID`. `""` where there is none.
    pub fn last_event_id(&self) -> &str {
        if self.state.queue.is_empty() {
            // A block without data may have moved it.
            self.state.decoder.last_event_id()
        } else {
            &self.state.last_event_id
        }
    }

    /// What the stream's `retry:` last asked for, in milliseconds; `None` before it asked. It may be that of a line a little
    /// behind the last event that was taken.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.state.decoder.reconnection_time()
    }

    fn poll_event(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Event, DecodeStreamError<S::Error>>>> {
        loop {
            return Poll::Ready(match ready!(self.as_mut().poll_item(cx)) {
                Some(Ok(DecodedItem::Event(event))) => Some(Ok(event)),
                Some(Ok(_)) => continue,
                Some(Err(error)) => Some(Err(error)),
                None => None,
            });
        }
    }

    fn poll_item(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<DecodedItem, DecodeStreamError<S::Error>>>> {
        let mut this = self.project();
        loop {
            if let Some(item) = this.state.next() {
                return Poll::Ready(Some(item.map_err(DecodeStreamError::Limit)));
            }
            if this.state.ended {
                return Poll::Ready(None);
            }
            match ready!(this.source.as_mut().try_poll_next(cx)) {
                Some(Ok(chunk)) => this.state.feed(chunk),
                Some(Err(error)) => {
                    this.state.ended = true;
                    return Poll::Ready(Some(Err(DecodeStreamError::Transport(error))));
                }
                None => this.state.ended = true,
            }
        }
    }

    fn is_over(&self) -> bool {
        self.state.ended && self.state.is_drained()
    }
}

impl<S> Stream for DecodeStream<S>
where
    S: TryStream<Ok: AsRef<[u8]>>,
{
    type Item = Result<Event, DecodeStreamError<S::Error>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

impl<S> FusedStream for DecodeStream<S>
where
    S: TryStream<Ok: AsRef<[u8]>>,
{
    fn is_terminated(&self) -> bool {
        self.is_over()
    }
}

impl<S: TryStream> fmt::Debug for DecodeStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeStream")
            .field("decoder", &self.state.decoder)
            .field("unread", &self.state.unread)
            .field("queued", &self.state.queue.len())
            .field("ended", &self.state.ended)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// All items of a byte stream; see [`DecodeStream::items`]. In all else it is as the [`DecodeStream`].
    #[derive(Debug)]
    pub struct DecodedItems<S: TryStream> {
        #[pin]
        stream: DecodeStream<S>,
    }
}

impl<S> DecodedItems<S>
where
    S: TryStream<Ok: AsRef<[u8]>>,
{
    /// The next item; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`DecodeStream::next`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<DecodedItem, DecodeStreamError<S::Error>>>
    where
        S: Unpin,
    {
        poll_fn(|cx| Pin::new(&mut self.stream).poll_item(cx)).await
    }

    /// The stream itself: its last event ID, its reconnection time.
    pub fn stream(&self) -> &DecodeStream<S> {
        &self.stream
    }
}

impl<S> Stream for DecodedItems<S>
where
    S: TryStream<Ok: AsRef<[u8]>>,
{
    type Item = Result<DecodedItem, DecodeStreamError<S::Error>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().stream.poll_item(cx)
    }
}

impl<S> FusedStream for DecodedItems<S>
where
    S: TryStream<Ok: AsRef<[u8]>>,
{
    fn is_terminated(&self) -> bool {
        self.stream.is_over()
    }
}

/// What a byte stream says, in the order in which it says it: an [`Item`] that owns its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodedItem {
    /// An event, at its blank line.
    Event(Event),
    /// A comment: the text behind the colon, without one leading space. Only where
    /// [`comments`](crate::DecoderBuilder::comments) were asked for.
    Comment(String),
    /// A new reconnection time in milliseconds. Only where [`retries`](crate::DecoderBuilder::retries) were asked for.
    Retry(u64),
}

impl DecodedItem {
    fn of(item: Item<'_>) -> Option<DecodedItem> {
        Some(match item {
            Item::Event(event) => DecodedItem::Event(event.to_event()),
            Item::Comment(text) => DecodedItem::Comment(text.to_owned()),
            Item::Retry(milliseconds) => DecodedItem::Retry(milliseconds),
            _ => return None,
        })
    }

    /// About how much memory it takes.
    fn size(&self) -> usize {
        let text = match self {
            DecodedItem::Event(event) => event.data().len() + event.id().len(),
            DecodedItem::Comment(text) => text.len(),
            DecodedItem::Retry(_) => 0,
        };
        text + size_of::<DecodedItem>()
    }
}

/// Why a [`DecodeStream`] ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeStreamError<E> {
    /// The source failed, with this error.
    Transport(E),
    /// The stream went beyond a limit of the decoder. The source was not read any further.
    Limit(DecodeError),
}

impl<E> fmt::Display for DecodeStreamError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What failed it is told by `source`, as usual: else a report of the whole chain would say it twice.
            DecodeStreamError::Transport(_) => {
                f.write_str("the bytes of the event stream could not be read on")
            }
            DecodeStreamError::Limit(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for DecodeStreamError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            DecodeStreamError::Transport(error) => Some(error),
            // Its message is this one's: what comes next is its own source, and it has none.
            DecodeStreamError::Limit(_) => None,
        }
    }
}
