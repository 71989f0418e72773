//! What the core asks of an application in another language: plain data out by the mailbox, an answer by number back.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;
use eventwire_client::Attempt;
use eventwire_client::prepare::{Prepare, Preparing};
use serde_json::json;

use crate::failure::Failure;
use crate::mailbox::Mailbox;
use crate::packed::Kind;

/// What an application makes of an attempt: all of it, changed or not; or what went wrong.
pub type Answer = Result<Prepared, String>;

/// An attempt as it is to be made.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The URL.
    pub url: String,
    /// All headers beyond the usual ones.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

/// The questions of one stream, of which one is open at a time.
#[derive(Debug, Default)]
pub(crate) struct Questions(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// That of the question that is open, or was last.
    number: u64,
    asked: bool,
    answer: Option<Answer>,
    waiting: Option<Waker>,
}

impl Questions {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The application has the question: from now on it counts how long it takes.
    pub(crate) fn asked(&self, number: u64) {
        self.change(number, |state| state.asked = true);
    }

    /// An answer to one that is not open any more is passed over.
    pub(crate) fn answer(&self, number: u64, answer: Answer) {
        self.change(number, |state| state.answer = Some(answer));
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        if state.number != number {
            return;
        }
        change(&mut state);
        let waiting = state.waiting.take();
        drop(state);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    fn open(&self) -> u64 {
        let mut state = self.lock();
        *state = State {
            number: state.number + 1,
            ..State::default()
        };
        state.number
    }

    async fn answered(&self) -> Answer {
        poll_fn(|cx| {
            let mut state = self.lock();
            match state.answer.take() {
                Some(answer) => Poll::Ready(answer),
                None => {
                    state.waiting = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// Asks by the mailbox before every attempt.
pub(crate) struct AskBeforeAttempts {
    pub(crate) questions: Arc<Questions>,
    pub(crate) mailbox: Arc<Mailbox<Failure>>,
}

impl Prepare for AskBeforeAttempts {
    fn prepare(&self, mut attempt: Attempt) -> Preparing {
        let (questions, mailbox) = (self.questions.clone(), self.mailbox.clone());
        Box::pin(async move {
            let number = questions.open();
            let text = to_json(number, &attempt);
            let pushed = mailbox
                .push(text.len(), |batch| batch.push_other(Kind::Prepare, &text))
                .await;
            if pushed.is_err() {
                return Err("the stream is closed".into());
            }
            let answer = questions.answered().await?;
            attempt.url = answer.url;
            attempt.headers.clear();
            for (name, value) in answer.headers {
                attempt.add_header(name, value)?;
            }
            attempt.body = answer.body.map(Bytes::from);
            Ok(attempt)
        })
    }

    fn asked(&self) -> bool {
        self.questions.lock().asked
    }
}

/// The body stays here: what the attempt begins with is what the application gave.
fn to_json(number: u64, attempt: &Attempt) -> String {
    let headers: Vec<_> = attempt
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let error = attempt
        .error
        .clone()
        .map(|error| Failure::from(error).to_value());
    json!({
        "question": number,
        "url": attempt.url,
        "headers": headers,
        "attempt": attempt.attempt,
        "last_event_id": attempt.last_event_id,
        "error": error,
    })
    .to_string()
}
