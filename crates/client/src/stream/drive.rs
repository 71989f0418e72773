//! What a stream does while it is polled: it moves bytes between the session and the HTTP client, and tells the session the time.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use eventwire_codec::Event;
use tokio::time::sleep_until;

use super::EventStream;
use crate::prepare::Question;
use crate::session::Step;
use crate::transport::{self, Exchange, Progress};
use crate::{Error, ErrorKind, StreamItem};

impl EventStream {
    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Event, Error>>> {
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

    fn client(&mut self) -> Result<transport::Client, Error> {
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

    pub(super) fn now(&self) -> Duration {
        let of_wire = self.wire.as_ref().and_then(|wire| wire.now());
        of_wire.unwrap_or_else(|| self.origin.elapsed())
    }
}
