//! A subscription whose bytes another language moves, by an HTTP client of its own: its rules stay here.
//!
//! A [`Session`] is made for one [`Stream`] before that is opened, and takes the place of its HTTP client. It gives
//! [`Order`]s: to send a request, to read the next chunk of its answer, to drop it; and is told what came of them. All else is
//! the stream's, with its mailbox: which request, when, after what waits, and what the bytes mean. So a fetch of JavaScript has
//! retries, redirects, timeouts and the rest exactly as the HTTP client of Rust has them.
//!
//! A chunk is ordered only once the consumer has room for what it holds: who reads only on order holds the socket back.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use eventwire_client as client;
use eventwire_client::session::{Failure as Failed, Head, Request};
use eventwire_client::wire::{Connection, Progress, Wire};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::notifier::Notifier;
use crate::stream::Stream;
use crate::sync::lock;

/// A request to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// All headers, one character for each byte of a value, as HTTP has them in JavaScript.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

/// What the other language is to do about the request of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Send it, following no redirect, and tell the answer's head.
    Send(u64, Box<Outgoing>),
    /// Read one chunk of the answer and tell it, or the end.
    Read(u64),
    /// Drop it: nothing that comes of it is wanted any more.
    Abort(u64),
    /// There will be no more orders.
    Over,
}

/// Why a request failed, as the other language knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// In a way that another attempt may mend.
    Lost,
    /// In a way that it would not.
    Unusable,
}

/// The number under which the other language keeps what it caught.
#[derive(Clone, Copy, Debug)]
pub struct Cause(pub u64);

impl Cause {
    /// That of an error, where it has one.
    pub(crate) fn of(error: &client::Error) -> Option<u64> {
        let source = std::error::Error::source(error)?;
        source.downcast_ref::<Cause>().map(|cause| cause.0)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error of the HTTP client")
    }
}

impl std::error::Error for Cause {}

/// The transport of one stream, as a handle: see the module.
#[derive(Clone, Debug, Default)]
pub struct Session {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    orders: Vec<Order>,
    listener: Option<(Arc<Notifier>, u64)>,
    /// The number of the last request, and what came of it: nothing that came of one before is wanted.
    current: u64,
    told: VecDeque<Progress>,
    /// Whether the head came: from then on, chunks are to be ordered.
    answered: bool,
    reading: bool,
    stream: Option<Waker>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("current", &self.current)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session that takes the place of the HTTP client of `stream`, which must not have been opened.
    pub fn new(stream: &Stream) -> Session {
        let session = Session::default();
        let wire = Foreign(session.shared.clone());
        stream.change(|stream| stream.set_wire(Arc::new(wire)));
        session
    }

    /// Makes `notifier` hear of `token` whenever there are orders, and at once if there are some already.
    pub fn listen(&self, notifier: Arc<Notifier>, token: u64) {
        let some = {
            let mut state = lock(&self.shared.0);
            state.listener = Some((notifier.clone(), token));
            !state.orders.is_empty()
        };
        if some {
            notifier.notify(token);
        }
    }

    /// The orders since the last call.
    pub fn take(&self) -> Vec<Order> {
        std::mem::take(&mut lock(&self.shared.0).orders)
    }

    /// The head of the answer came. `url` is the address that answered, where that is another one than was asked.
    pub fn response(
        &self,
        number: u64,
        status: u16,
        headers: &[(String, Vec<u8>)],
        url: Option<String>,
    ) {
        let Ok(status) = StatusCode::from_u16(status) else {
            let message = format!("the answer has the status {status}, which is none");
            return self.failed(number, Broken::Lost, message, None);
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), HeaderValue::from_bytes(value))
            {
                map.append(name, value);
            }
        }
        let head = Head::new(status, map);
        let head = match url {
            Some(url) => head.with_url(url),
            None => head,
        };
        self.tell(number, Progress::Head(head));
    }

    /// Bytes of the answer's body came.
    pub fn feed(&self, number: u64, chunk: Vec<u8>) {
        self.tell(number, Progress::Chunk(chunk.into()));
    }

    /// The body came to its end.
    pub fn ended(&self, number: u64) {
        self.tell(number, Progress::Ended);
    }

    /// No answer came, or its body broke off. `cause` is the number under which the other language keeps its own error.
    pub fn failed(&self, number: u64, how: Broken, message: String, cause: Option<u64>) {
        let failed = match how {
            // Whether the request was received nobody says, so it is not taken for unsent.
            Broken::Lost => Failed::disconnected(message),
            Broken::Unusable => Failed::unusable(message),
        };
        let failed = match cause {
            Some(cause) => failed.with_source(Cause(cause)),
            None => failed,
        };
        self.tell(number, Progress::Failed(failed));
    }

    fn tell(&self, number: u64, progress: Progress) {
        let waker = {
            let mut state = lock(&self.shared.0);
            if number != state.current {
                return;
            }
            state.answered |= matches!(progress, Progress::Head(_));
            state.reading = false;
            state.told.push_back(progress);
            state.stream.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Shared {
    /// Gives an order, and wakes the other language on the edge.
    fn order(&self, change: impl FnOnce(&mut State) -> Option<Order>) {
        let listener = {
            let mut state = lock(&self.0);
            let Some(order) = change(&mut state) else {
                return;
            };
            state.orders.push(order);
            if state.orders.len() > 1 {
                return;
            }
            state.listener.clone()
        };
        if let Some((notifier, token)) = listener {
            notifier.notify(token);
        }
    }
}

/// The stream's side.
#[derive(Debug)]
struct Foreign(Arc<Shared>);

impl Wire for Foreign {
    fn connect(&self, request: Request) -> Box<dyn Connection> {
        let outgoing = Box::new(Outgoing {
            method: request.method.to_string(),
            url: request.url.to_string(),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| {
                    let value = value.as_bytes().iter().map(|byte| char::from(*byte));
                    (name.to_string(), value.collect())
                })
                .collect(),
            body: request.body.map(Vec::from),
        });
        let mut number = 0;
        self.0.order(|state| {
            state.current += 1;
            number = state.current;
            state.told.clear();
            (state.answered, state.reading) = (false, false);
            Some(Order::Send(number, outgoing))
        });
        Box::new(Open {
            shared: self.0.clone(),
            number,
            over: false,
        })
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.0.order(|_| Some(Order::Over));
    }
}

struct Open {
    shared: Arc<Shared>,
    number: u64,
    over: bool,
}

impl Connection for Open {
    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Progress> {
        let mut told = None;
        self.shared.order(|state| {
            told = state.told.pop_front();
            if told.is_some() {
                return None;
            }
            state.stream = Some(cx.waker().clone());
            let order = state.answered && !std::mem::replace(&mut state.reading, true);
            order.then_some(Order::Read(self.number))
        });
        match told {
            Some(progress) => {
                self.over = matches!(progress, Progress::Ended | Progress::Failed(_));
                Poll::Ready(progress)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.order(|state| {
            // What came of it is told to nobody.
            if state.current == self.number {
                state.told.clear();
                state.stream = None;
                state.current += 1;
            }
            (!self.over).then_some(Order::Abort(self.number))
        });
    }
}
