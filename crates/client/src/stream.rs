//! A session with an HTTP client around it, as a stream.

mod drive;
mod items;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use eventwire_codec::Event;
use futures_core::Stream;
use tokio::time::{Instant, Sleep};

use crate::place::Place;
use crate::prepare::{Prepare, Question};
use crate::session::Session;
use crate::stats::{Counted, Now};
use crate::transport::{self, Exchange};
use crate::wire::Wire;
use crate::{Closer, Error, Restarter, State, StreamItem, StreamStats, TransportOptions};

pub use items::Items;

/// An event stream that reconnects and resumes: a [`Stream`] of events, made by
/// [`ConnectOptions::open`](crate::ConnectOptions::open).
///
/// It works while it is polled, within a Tokio runtime with I/O and time enabled, and spawns no task: a consumer that stops
/// taking events stops the reading from the socket, and dropping it closes the connection.
///
/// It ends with `None` after [`close`](Self::close), an answer of 204, or a clean end that the policy does not retry; any
/// other end is an error, which comes once, before the `None`. A hub's notice of a gap (`eventwire.reset`) comes as an event
/// of that type, so that nobody misses it silently; [`items`](Self::items) has it as [`StreamItem::Reset`].
///
/// # Cancel safety
///
/// Everything is kept in the stream, not in the futures that wait for it: [`next`](Self::next) and
/// [`next_item`](Self::next_item) can be dropped at any await, as in a `select!`, and lose nothing.
#[derive(Debug)]
pub struct EventStream {
    pub(crate) session: Session,
    closer: Closer,
    /// Made with the first request.
    client: Option<transport::Client>,
    exchange: Option<Exchange>,
    connect_timeout: Duration,
    transport: TransportOptions,
    origin: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    /// When an item was handed out: the clocks stand still until the consumer comes back.
    handed_out: Option<Duration>,
    /// An error of ours, not of the session's, after which it is closed.
    broken: Option<Error>,
    /// Who is asked before every attempt, and the question that is open.
    prepare: Option<Arc<dyn Prepare>>,
    question: Option<Question>,
    /// Where what was received is not the place.
    place: Option<Place>,
    /// In place of the HTTP client, and of the real clock.
    pub(crate) wire: Option<Arc<dyn Wire>>,
}

impl EventStream {
    pub(crate) fn new(
        session: Session,
        connect_timeout: Duration,
        transport: TransportOptions,
        prepare: Option<Arc<dyn Prepare>>,
        place: Option<Place>,
    ) -> EventStream {
        EventStream {
            session,
            closer: Closer::default(),
            client: None,
            exchange: None,
            connect_timeout,
            transport,
            origin: Instant::now(),
            timer: None,
            handed_out: None,
            broken: None,
            prepare,
            question: None,
            place,
            wire: None,
        }
    }

    /// The next event; `None` at the end. The same as the [`Stream`]'s, without an extension trait.
    ///
    /// # Errors
    ///
    /// What the stream ended with, once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// The next item of any kind; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the stream ended with, once, after its [`StreamItem::Closed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next_item(&mut self) -> Option<Result<StreamItem, Error>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    /// This stream with all of its items: connections, comments, resets and the end, besides events.
    pub fn items(self) -> Items {
        Items { stream: self }
    }

    /// A handle that ends this stream from anywhere.
    pub fn closer(&self) -> Closer {
        self.closer.clone()
    }

    /// A handle that makes this stream connect again, from anywhere.
    pub fn restarter(&self) -> Restarter {
        self.closer.restarter()
    }

    /// Drops the connection and connects again at once, going on after the last event ID: for when one knows better than the
    /// clocks that the connection is worth nothing, or wants another server. It is no failure: no wait, no
    /// [`StreamItem::Reconnecting`], no attempt counted. It is done whatever the retry policy says, and in the middle of one
    /// of its waits too; a body is sent again. What has arrived is still given out. Before the first poll, and at the end, it
    /// does nothing.
    pub fn restart(&mut self) {
        self.session.restart(self.now());
        self.exchange = None;
    }

    /// Ends the stream and its connection now. What was not taken is not delivered. Where there is a cursor file, this waits
    /// until it is up to date, and gives it up; that it could not be written is what [`next`](Self::next) tells then.
    pub fn close(&mut self) {
        self.closer.close();
        self.session.close();
        self.exchange = None;
        self.question = None;
        if let Some(place) = &mut self.place
            && let Err(error) = place.close()
        {
            tracing::error!(target: "eventwire::client", %error, "the place of a stream was not saved");
        }
    }

    /// Says that an event is dealt with, where that is to be said ([`Ack::Manual`](crate::Ack::Manual)); of a reset, give its
    /// [`event`](crate::Reset::event). The place is that of the event that was acknowledged last, and everything before it
    /// counts as dealt with too: ids have no order that a client knows, so acknowledge in the order of the stream.
    ///
    /// ```no_run
    /// use eventwire_client::{Ack, ConnectOptions};
    /// # async fn store(_: &eventwire_client::Event) {}
    ///
    /// # async fn example() -> Result<(), eventwire_client::Error> {
    /// let options = ConnectOptions::new("http://127.0.0.1:8844/events?topic=orders");
    /// let mut stream = options.ack(Ack::Manual).cursor_file("orders.cursor").open()?;
    /// while let Some(event) = stream.next().await {
    ///     let event = event?;
    ///     store(&event).await;
    ///     stream.ack(&event)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption) where events are acknowledged by themselves, and for an id with a
    /// line end or a NUL; [`Cursor`](crate::ErrorKind::Cursor) where the cursor file could not be written;
    /// [`Closed`](crate::ErrorKind::Closed) after [`close`](Self::close).
    pub fn ack(&mut self, event: &Event) -> Result<(), Error> {
        match &mut self.place {
            Some(place) => place.acknowledge(event.id()),
            None => Err(Place::not_manual()),
        }
    }

    /// Where another stream goes on that begins with it, and misses nothing: the last event ID of what was taken, or, with
    /// [`Ack::Manual`](crate::Ack::Manual), of what was acknowledged.
    pub fn last_event_id(&self) -> &str {
        match &self.place {
            Some(place) => place.last_event_id(),
            None => self.session.last_event_id(),
        }
    }

    /// Makes the caller responsible for telling the place what was handed out: who puts the items elsewhere first.
    #[doc(hidden)]
    pub fn take_place(&mut self) -> Option<Place> {
        self.place.take()
    }

    /// What the server's `retry:` last asked for, in milliseconds; `None` before it asked.
    pub fn reconnection_time(&self) -> Option<u64> {
        self.session.reconnection_time()
    }

    /// What the stream has done so far.
    pub fn stats(&self) -> StreamStats {
        self.session.stats(self.now())
    }

    /// The same, for who tells it to others later.
    #[doc(hidden)]
    pub fn counted(&self) -> Counted {
        let of_wire = self.wire.as_ref().and_then(|wire| wire.now());
        let now = of_wire.map_or(Now::Since(self.origin), Now::At);
        Counted::new(self.session.counts(), now)
    }

    /// Where the stream is.
    pub fn state(&self) -> State {
        if self.closer.is_closed() {
            return State::Closed;
        }
        self.session.state()
    }

    /// The address that is connected to, which differs from the one asked where there were redirects.
    pub fn url(&self) -> &str {
        self.session.url()
    }
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}
