//! A subscription that is behind the window reads on through the store.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep};
use tracing::warn;

use super::{BATCH, Subscription};
use crate::frame::Frame;
use crate::options::Slow;
use crate::position::EventId;
use crate::resume::{self, Reason, Start};
use crate::state::Content;
use crate::stats::End;
use crate::store::{Newest, Page, Query, StoreError, StoreFuture, StoredRecord};
use crate::topic_as;

/// What a subscription is told first, where only the store can say it.
pub(crate) struct Question {
    pub(crate) start: Start,
    /// Why its last event ID could not be followed, whatever the store holds.
    pub(crate) reset: Option<Reason>,
    /// Where it begins, if that is to be asked first: the window has fewer than are wanted.
    pub(crate) newest: Option<Newest>,
    /// What stands before it.
    pub(crate) prefix: Vec<u8>,
}

/// What is between a subscription and the window.
#[derive(Default)]
pub(super) struct Behind {
    /// To be answered before it can begin.
    question: Option<Question>,
    asked: Option<Asked>,
    /// How long the store may take; there is no clock without a runtime.
    patience: Option<Pin<Box<Sleep>>>,
}

enum Asked {
    /// Where the newest records up to an offset begin.
    Newest(u64, StoreFuture<Option<u64>>),
    Page(StoreFuture<Page>),
}

impl Behind {
    pub(super) fn begins(question: Question) -> Box<Self> {
        Box::new(Self {
            question: Some(question),
            asked: None,
            patience: None,
        })
    }
}

impl Subscription {
    pub(super) fn has_asked(&self) -> bool {
        let asked = self.behind.as_ref().map(|behind| &behind.asked);
        asked.is_some_and(Option::is_some)
    }

    /// Asks the store for what follows the cursor, or first where that is.
    pub(super) fn ask_store(&mut self) {
        let behind = self.behind.get_or_insert_default();
        let newest = behind.question.as_mut().and_then(|asks| asks.newest.take());
        behind.asked = Some(match newest {
            Some(newest) => Asked::Newest(newest.up_to(), self.hub.store.newest(newest)),
            None => {
                let query = Query::of(&self.filter, self.cursor, BATCH);
                Asked::Page(self.hub.store.read(query))
            }
        });
        let clock = tokio::runtime::Handle::try_current().is_ok();
        let patience = self.hub.store_timeout.filter(|_| clock);
        behind.patience = patience.map(|patience| Box::pin(tokio::time::sleep(patience)));
    }

    /// Waits for what was asked.
    pub(super) fn poll_store(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        let timeout = self.hub.store_timeout.unwrap_or_default();
        let Some(Behind {
            question,
            asked: Some(asked),
            patience,
        }) = self.behind.as_deref_mut()
        else {
            return Poll::Ready(Ok(()));
        };
        let mut late = |cx: &mut Context<'_>| match patience {
            Some(patience) => patience
                .as_mut()
                .poll(cx)
                .map(|()| StoreError::late(timeout)),
            None => Poll::Pending,
        };
        let outcome = match asked {
            Asked::Newest(up_to, answer) => {
                let up_to = *up_to;
                let answer = match Pin::new(answer).poll(cx) {
                    Poll::Ready(answer) => answer,
                    Poll::Pending => Err(ready!(late(cx))),
                };
                let question = question.take();
                self.behind = None;
                answer.map(|first| self.begin_at(first, up_to, question))
            }
            Asked::Page(answer) => {
                let answer = match Pin::new(answer).poll(cx) {
                    Poll::Ready(answer) => answer,
                    Poll::Pending => Err(ready!(late(cx))),
                };
                let question = question.take();
                self.behind = None;
                answer.map(|page| self.go_on(page, question))
            }
        };
        Poll::Ready(outcome.unwrap_or_else(|error| {
            let error = error.message();
            warn!(target: "eventwire::hub", error, "a subscription that was behind could not be read from the store");
            Err(End::Failed)
        }))
    }

    /// Begins with the record `first`, which the store has; where it has none, with those that the window had.
    fn begin_at(
        &mut self,
        first: Option<u64>,
        up_to: u64,
        question: Option<Question>,
    ) -> Result<(), End> {
        match (first, question) {
            (Some(first), _) if first == 0 || first > up_to => {
                warn!(target: "eventwire::hub", up_to, first, "the store is broken: the newest records do not begin where they can");
                Err(End::Failed)
            }
            (Some(first), Some(question)) => {
                self.move_to(first - 1);
                self.behind = Some(Behind::begins(question));
                Ok(())
            }
            (_, question) => {
                let prefix = question.map(|question| question.prefix).unwrap_or_default();
                let mark = [prefix, self.mark(self.cursor)].concat();
                self.ready.push_back(Frame::new(&mark));
                Ok(())
            }
        }
    }

    fn move_to(&mut self, cursor: u64) {
        self.cursor = cursor;
        if let Some(position) = self.hub.lock().readers.get_mut(self.id) {
            *position = cursor;
        }
    }

    fn go_on(&mut self, page: Page, question: Option<Question>) -> Result<(), End> {
        if page.cursor <= self.cursor {
            let (asked, got) = (self.cursor, page.cursor);
            warn!(target: "eventwire::hub", asked, got, "the store is broken: its page does not go on");
            return Err(End::Failed);
        }
        self.take(page, question)
    }

    fn take(&mut self, page: Page, question: Option<Question>) -> Result<(), End> {
        let first = page.records.first().map(StoredRecord::offset);
        let mut told = None;
        if let Some(Question {
            start,
            reset,
            prefix,
            ..
        }) = question
        {
            let resumes = matches!(start, Start::After(_));
            let evicted = (resumes && page.lost).then_some(Reason::Evicted);
            let block = match (reset.or(evicted), &start) {
                (Some(reason), Start::After(id)) => self.reset(first, page.cursor, id, reason),
                (_, Start::After(_)) => self.mark(self.cursor),
                // It begins where the log does.
                _ => self.mark(first.map_or(page.cursor, |first| first - 1)),
            };
            told = Some([prefix, block].concat());
        } else if page.lost {
            if self.slow == Slow::Disconnect {
                return Err(End::Slow);
            }
            let requested = self.id(self.cursor).to_string();
            told = Some(self.reset(first, page.cursor, &requested, Reason::Evicted));
        }
        // Where nothing of a page is held, the reset may have gone further than the page.
        self.move_to(self.cursor.max(page.cursor));
        self.quiet_since = Instant::now();
        self.ready.extend(told.as_deref().map(Frame::new));
        for record in page.records {
            let frame = self.frame(record);
            self.hub.delivered.add(Content::event(&frame));
            self.ready.push_back(frame);
        }
        Ok(())
    }

    fn id(&self, offset: u64) -> EventId {
        EventId {
            epoch: self.hub.epoch,
            offset,
        }
    }

    fn mark(&self, cursor: u64) -> Vec<u8> {
        resume::mark(&self.hub.lock().log, cursor)
    }

    /// Tells of a loss, before the record `first`; where the page has none, before what the window has after `cursor`.
    fn reset(
        &mut self,
        first: Option<u64>,
        cursor: u64,
        requested: &str,
        reason: Reason,
    ) -> Vec<u8> {
        self.hub.delivered.add(Content::RESET);
        let state = self.hub.lock();
        if let Some(first) = first {
            let before = state.log.id(first - 1);
            return resume::reset(before, Some(state.log.id(first)), requested, reason);
        }
        // The store may have more between the page and the window, whose first event is not known then.
        let first = (cursor >= state.log.before_first())
            .then(|| state.log.first_after(&self.filter, cursor))
            .flatten();
        let before = first.map_or(cursor, |first| first.offset - 1);
        self.cursor = before;
        resume::reset(state.log.id(before), first, requested, reason)
    }

    fn frame(&self, record: StoredRecord) -> Frame {
        let id = self.id(record.offset);
        let entry = record.into_entry(&id);
        match self.filter.name_of(entry.topics.iter()) {
            Some(topic) => topic_as::frame(entry.frame.as_bytes(), entry.body, topic),
            None => entry.frame,
        }
    }
}
