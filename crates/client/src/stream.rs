//! A session with an HTTP client around it, as a stream.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use eventwire_codec::Event;
use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::place::Place;
use crate::prepare::{Prepare, Question};
use crate::session::{Session, Step};
use crate::transport::{self, Exchange, Progress};
use crate::wire::Wire;
use crate::{
    Closer, Error, ErrorKind, Restarter, State, StreamItem, StreamStats, TransportOptions,
};

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
    client: Option<reqwest::Client>,
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
    /// [`ErrorKind::InvalidOption`] where events are acknowledged by themselves; [`ErrorKind::Cursor`] where the cursor file
    /// could not be written, and [`ErrorKind::Closed`] where it was closed.
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

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        loop {
            return Poll::Ready(Some(match ready!(self.poll_item(cx)) {
                Some(Ok(StreamItem::Event(event))) => Ok(event),
                Some(Ok(StreamItem::Reset(reset))) => Ok(reset.into_event()),
                Some(Ok(_)) => continue,
                Some(Err(error)) => Err(error),
                None => return Poll::Ready(None),
            }));
        }
    }

    /// Polls for the next item of any kind: [`next_item`](Self::next_item) for those who write futures by hand.
    pub fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<StreamItem, Error>>> {
        loop {
            match ready!(self.poll_step(cx)) {
                Some(Step::Item(item)) => return Poll::Ready(Some(item)),
                Some(Step::Mark) => {}
                None => return Poll::Ready(None),
            }
        }
    }

    /// The same, and tells also where the last event ID moved without an event.
    #[doc(hidden)]
    pub fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        self.closer.register(cx.waker());
        if let Some(handed_out) = self.handed_out.take() {
            self.session.skip(self.now().saturating_sub(handed_out));
        }
        loop {
            if self.closer.is_closed() {
                self.session.close();
            }
            if self.closer.take_restart() {
                self.restart();
            }
            self.check_place(cx);
            if let Some(step) = self.session.next_step() {
                // Asking the time for every event costs as much as decoding it.
                if self.session.has_clocks() {
                    self.handed_out = Some(self.now());
                }
                match self.note(step) {
                    Some(step) => return Poll::Ready(Some(step)),
                    None => continue,
                }
            }
            if !self.session.is_preparing() {
                self.question = None;
            }
            if !self.session.reading() {
                self.exchange = None;
            }
            if self.session.is_finished() {
                if let Some(place) = &mut self.place
                    && let Err(error) = ready!(place.poll_saved(cx))
                {
                    self.broken.get_or_insert(error);
                }
                return Poll::Ready(self.broken.take().map(|error| Step::Item(Err(error))));
            }
            let now = self.now();
            if self.poll_prepared(cx, now) {
                continue;
            }
            if let Some(request) = self.session.next_request(now) {
                if let Some(wire) = &self.wire {
                    self.exchange = Some(Exchange::over(wire.connect(request)));
                    continue;
                }
                match self.client() {
                    Ok(client) => self.exchange = Some(Exchange::start(&client, request)),
                    Err(error) => {
                        self.session.close();
                        self.broken = Some(error);
                    }
                }
                continue;
            }
            if let Some(exchange) = &mut self.exchange
                && let Poll::Ready(progress) = exchange.poll(cx)
            {
                match progress {
                    Progress::Head(head) => self.session.response(now, head),
                    Progress::Chunk(chunk) => self.session.feed(now, chunk),
                    Progress::Ended => self.session.ended(now),
                    Progress::Failed(failure) => self.session.failed(now, failure),
                }
                continue;
            }
            // Only now that nothing more is to be read: what has arrived in the meantime counts.
            self.session.tick(now);
            if !self.session.is_drained() {
                continue;
            }
            ready!(self.poll_timer(cx));
        }
    }

    /// Asks before an attempt, and hears the answer; whether there is something new.
    fn poll_prepared(&mut self, cx: &mut Context<'_>, now: Duration) -> bool {
        if let Some(prepare) = &self.prepare
            && let Some(attempt) = self.session.next_attempt(now)
        {
            self.question = Some(Question::ask(prepare, attempt));
        }
        let Some(question) = &mut self.question else {
            return false;
        };
        if let Poll::Ready(answer) = question.poll(cx) {
            self.question = None;
            self.session.prepared(now, answer);
            return true;
        }
        // Until the application has it, the clock that bounds its answer begins anew.
        if question.was_unasked() {
            self.session.asked(now);
        }
        false
    }

    /// Ends the stream where its cursor file cannot be written: what it gave out would not be remembered.
    fn check_place(&mut self, cx: &Context<'_>) {
        if let Some(place) = &mut self.place
            && !self.session.is_finished()
            && let Poll::Ready(error) = place.poll_failed(cx)
        {
            place.set_told();
            self.session.close();
            self.broken = Some(error);
        }
    }

    /// Tells the place of what is being handed out. The error that ends the stream waits until the place is saved: none then.
    fn note(&mut self, step: Step) -> Option<Step> {
        let Some(place) = &mut self.place else {
            return Some(step);
        };
        let noted = match &step {
            Step::Item(Ok(StreamItem::Event(event))) => place.delivered(event.id()),
            Step::Item(Ok(StreamItem::Reset(reset))) => place.delivered(&reset.id),
            Step::Item(Ok(_)) => Ok(()),
            Step::Mark => {
                place.marked(self.session.last_event_id());
                Ok(())
            }
            Step::Item(Err(error)) => {
                self.broken = Some(error.clone());
                return None;
            }
        };
        match noted {
            Ok(()) => Some(step),
            Err(error) => {
                self.session.close();
                self.broken = Some(error);
                None
            }
        }
    }

    /// Ready when the session has something to do by the clock.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(wire) = &self.wire {
            // What the application does before an attempt takes none of a script's time.
            let at = self.session.wake_at().filter(|_| self.question.is_none());
            if let Some(polled) = wire.poll_until(at, cx) {
                return polled;
            }
        }
        let wake_at = self
            .session
            .wake_at()
            .and_then(|at| self.origin.checked_add(at));
        let Some(at) = wake_at else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx)
    }

    fn client(&mut self) -> Result<reqwest::Client, Error> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        // Else the HTTP client would panic.
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::new(
                ErrorKind::NoRuntime,
                "an event stream must be polled within a Tokio runtime, for instance in #[tokio::main]",
            ));
        }
        let client = transport::client(
            &self.transport,
            // Cookies are for this host, and no other that an attempt may go to.
            self.session.asked_url(),
            self.connect_timeout,
            None,
        )?;
        Ok(self.client.insert(client).clone())
    }

    fn now(&self) -> Duration {
        let of_wire = self.wire.as_ref().and_then(|wire| wire.now());
        of_wire.unwrap_or_else(|| self.origin.elapsed())
    }
}

impl Stream for EventStream {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(cx)
    }
}

/// All items of a stream; see [`EventStream::items`].
///
/// The last item is a [`StreamItem::Closed`], but after a close on this side, which ends it at once; where the end is an
/// error, the error comes after it.
#[derive(Debug)]
pub struct Items {
    stream: EventStream,
}

impl Items {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the stream ended with, once.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<StreamItem, Error>> {
        self.stream.next_item().await
    }

    /// The stream itself: its state, its last event ID, its closer.
    pub fn stream(&self) -> &EventStream {
        &self.stream
    }

    /// The stream itself, to close it or to take events only for a while.
    pub fn stream_mut(&mut self) -> &mut EventStream {
        &mut self.stream
    }

    /// Back to events only.
    pub fn into_stream(self) -> EventStream {
        self.stream
    }
}

impl Stream for Items {
    type Item = Result<StreamItem, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_item(cx)
    }
}
