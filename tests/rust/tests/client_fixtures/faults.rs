//! The rules of a connection got wrong, one at a time, as other clients do: a session with one of these must fail a case that
//! says that it is about the rule.

use std::collections::BTreeMap;

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    IdOfTheLastBlockOnly,
    IdAtItsLine,
    IdOnlyWithData,
    EmptyIdIsSent,
    EmptyIdIsIgnored,
    IdBeginsEmpty,
    IdOnlyInAscii,
    IdInLatin1,
    DeliversAfterClose,
    CleanEndEnds,
    CutIsAnEnd,
    AnyStatusWillDo,
    AnySuccessWillDo,
    AnyTypeWillDo,
    TypeByEveryByte,
    NoContentIsTriedAgain,
    ThrowBreaks,
}

/// The row of the rules, and what is wrong.
pub(crate) const FAULTS: &[(u64, Fault, &str)] = &[
    (
        11,
        Fault::IdOfTheLastBlockOnly,
        "an event without an id forgets the one before",
    ),
    (
        12,
        Fault::IdAtItsLine,
        "the id of an event that did not end is sent",
    ),
    (
        13,
        Fault::IdOnlyWithData,
        "the id of a block without data is not taken",
    ),
    (
        14,
        Fault::EmptyIdIsSent,
        "an empty id is sent as an empty header",
    ),
    (14, Fault::EmptyIdIsIgnored, "an empty id does not reset"),
    (
        15,
        Fault::IdBeginsEmpty,
        "every connection begins without an id",
    ),
    (16, Fault::IdOnlyInAscii, "an id beyond ASCII is not sent"),
    (16, Fault::IdInLatin1, "an id is sent in latin1"),
    (
        23,
        Fault::DeliversAfterClose,
        "what was decoded before the close is delivered",
    ),
    (24, Fault::CleanEndEnds, "a clean end is the end"),
    (
        24,
        Fault::CutIsAnEnd,
        "an answer that was cut off counts as a clean end",
    ),
    (25, Fault::AnyStatusWillDo, "the status is not looked at"),
    (25, Fault::AnySuccessWillDo, "any 2xx is a stream"),
    (
        25,
        Fault::AnyTypeWillDo,
        "the content type is not looked at",
    ),
    (
        25,
        Fault::TypeByEveryByte,
        "parameters and case of the content type matter",
    ),
    (25, Fault::NoContentIsTriedAgain, "204 is tried again"),
    (
        27,
        Fault::ThrowBreaks,
        "a handler that throws breaks the connection",
    ),
];

impl Fault {
    /// The head, as a client with this fault takes it.
    pub(crate) fn head(
        self,
        status: u16,
        mut headers: BTreeMap<String, String>,
    ) -> (u16, BTreeMap<String, String>) {
        const TYPE: &str = "Content-Type";
        const STREAM: &str = "text/event-stream";
        let stream = || BTreeMap::from([(TYPE.to_owned(), STREAM.to_owned())]);
        match self {
            Fault::AnyStatusWillDo if !(300..400).contains(&status) => (200, stream()),
            Fault::AnySuccessWillDo if (201..300).contains(&status) => (200, stream()),
            Fault::AnyTypeWillDo if status == 200 => (200, stream()),
            Fault::TypeByEveryByte if headers.get(TYPE).is_some_and(|given| given != STREAM) => {
                headers.insert(TYPE.to_owned(), "text/plain".to_owned());
                (status, headers)
            }
            Fault::NoContentIsTriedAgain if status == 204 => (503, headers),
            _ => (status, headers),
        }
    }
}

/// The ids of a stream, as each of these clients would keep them.
#[derive(Debug)]
pub(crate) struct Tracker {
    start: String,
    body: Vec<u8>,
    wrong: BTreeMap<&'static str, String>,
    connected: bool,
}

impl Tracker {
    pub(crate) fn new(start: &str) -> Tracker {
        Tracker {
            start: start.to_owned(),
            body: Vec::new(),
            wrong: BTreeMap::new(),
            connected: false,
        }
    }

    pub(crate) fn connection(&mut self) {
        self.settle();
        self.connected = true;
        self.wrong.insert("empty", String::new());
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.body.extend_from_slice(bytes);
    }

    /// Reads the body of the connection that is over.
    fn settle(&mut self) {
        let body = std::mem::take(&mut self.body);
        let text = String::from_utf8_lossy(&body)
            .replace("\r\n", "\n")
            .replace('\r', "\n");
        let (mut id, mut data) = (None, false);
        for line in text.split_inclusive('\n') {
            let Some(line) = line.strip_suffix('\n') else {
                continue;
            };
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "id" => {
                    id = Some(value.to_owned());
                    self.wrong.insert("line", value.to_owned());
                }
                "data" => data = true,
                "" if line.is_empty() => {
                    self.wrong.insert("block", id.clone().unwrap_or_default());
                    if let Some(id) = id.take() {
                        if data {
                            self.wrong.insert("data", id.clone());
                        }
                        if !id.is_empty() {
                            self.wrong.insert("stale", id.clone());
                        }
                        self.wrong.insert("empty", id);
                    }
                    data = false;
                }
                _ => {}
            }
        }
    }

    /// Puts the id of such a client in place of ours.
    pub(crate) fn spoil(&mut self, fault: Option<Fault>, headers: &mut HeaderMap) {
        const ID: HeaderName = HeaderName::from_static("last-event-id");
        self.settle();
        let kept = match fault {
            Some(Fault::IdOfTheLastBlockOnly) => "block",
            Some(Fault::IdAtItsLine) => "line",
            Some(Fault::IdOnlyWithData) => "data",
            Some(Fault::EmptyIdIsIgnored) => "stale",
            Some(Fault::IdBeginsEmpty) if self.connected => "empty",
            Some(Fault::EmptyIdIsSent) => {
                headers.entry(ID).or_insert(HeaderValue::from_static(""));
                return;
            }
            Some(Fault::IdOnlyInAscii) => {
                if headers.get(ID).is_some_and(|id| !id.as_bytes().is_ascii()) {
                    headers.remove(ID);
                }
                return;
            }
            Some(Fault::IdInLatin1) => {
                if let Some(id) = headers.get_mut(ID) {
                    let text = String::from_utf8_lossy(id.as_bytes()).into_owned();
                    let bytes: Vec<u8> = text
                        .chars()
                        .map(|c| u8::try_from(c).unwrap_or(b'?'))
                        .collect();
                    *id = HeaderValue::from_bytes(&bytes).unwrap();
                }
                return;
            }
            _ => return,
        };
        headers.remove(ID);
        let id = self.wrong.get(kept).unwrap_or(&self.start);
        if !id.is_empty() {
            headers.insert(ID, HeaderValue::from_bytes(id.as_bytes()).unwrap());
        }
    }
}
