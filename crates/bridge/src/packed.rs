//! The form in which a batch of items crosses into another language.
//!
//! One string holds the text of all items, one array of numbers says where each part ends: so that a batch costs one
//! string and one array, and the other language cuts its own strings out of them. (Objects made one by one through
//! Node-API cost four to ten times as much.)

use std::fmt;
use std::ops::Range;

/// Numbers per item in [`Batch::words`]: its kind, and where its `event`, `id` and `data` end.
pub const WORDS_PER_ITEM: usize = 4;

/// Beside the kind: the item's `event` is that of the item before it, and not in the text again. Most streams have few types, and
/// whoever builds the strings can use the last one once more.
pub const SAME_EVENT: u32 = 1 << 8;

/// Beside the kind: the same of its `id`, which is sticky.
pub const SAME_ID: u32 = 1 << 9;

/// What a batch that is used again may keep.
const KEEP: usize = 1 << 20;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[non_exhaustive]
pub enum Kind {
    /// An event: `event`, `id` and `data` are its own.
    Event = 0,
    /// A comment: its text in `data`.
    Comment = 1,
    /// A connection was opened: JSON `{status, url, headers: [[name, value], ...]}` in `data`.
    Opened = 2,
    /// What was missed is gone. The event as it came: `event` is `eventwire.reset`, `id` the position just before what
    /// follows, `data` JSON `{requested, reason, first}`. Plain iteration hands it out as that event.
    Reset = 3,
    /// The connection ended, or was not made, and will be tried again: JSON `{reason, attempt, delay}` in `data`; `delay`
    /// in milliseconds, `reason` a failure as JSON.
    Reconnecting = 4,
    /// The stream has ended: JSON `{reason, error}` in `data`; `error` a failure as JSON or null.
    Closed = 5,
    /// One frame of a hub, encoded: its bytes, which are UTF-8, in `data`.
    Frame = 6,
    /// Before an attempt, where that is to be prepared: JSON `{question, url, headers: [[name, value], ...], attempt,
    /// last_event_id, error}` in `data`; `error` a failure as JSON or null. It is answered by its number, and never handed out.
    Prepare = 7,
    /// The last event ID moved without an event: the new one in `data`. Never handed out.
    Mark = 8,
}

impl Kind {
    fn from_word(word: u32) -> Self {
        match word & !(SAME_EVENT | SAME_ID) {
            0 => Self::Event,
            1 => Self::Comment,
            2 => Self::Opened,
            3 => Self::Reset,
            4 => Self::Reconnecting,
            5 => Self::Closed,
            7 => Self::Prepare,
            8 => Self::Mark,
            _ => Self::Frame,
        }
    }
}

/// One item of a batch, borrowed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed<'a> {
    /// What it is.
    pub kind: Kind,
    /// The event type; `message` where the stream named none.
    pub event: &'a str,
    /// The last event ID at dispatch.
    pub id: &'a str,
    /// The data, or what [`Kind`] says stands there.
    pub data: &'a str,
    /// The `event` is that of the item before it (at the first item: it is empty).
    pub same_event: bool,
    /// The `id` is that of the item before it (at the first item: it is empty).
    pub same_id: bool,
}

/// A batch of items: see the module.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Batch {
    text: String,
    words: Vec<u32>,
    /// Where in `text` the last item's `event` and `id` are.
    event: Range<usize>,
    id: Range<usize>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event. The type `message` is stored as the empty text, which no event has.
    pub fn push_event(&mut self, event: &str, id: &str, data: &str) {
        self.push(
            Kind::Event,
            if event == "message" { "" } else { event },
            id,
            data,
        );
    }

    /// Adds a reset: see [`Kind::Reset`].
    pub fn push_reset(&mut self, event: &str, id: &str, data: &str) {
        self.push(Kind::Reset, event, id, data);
    }

    /// Adds an item that is a text only.
    pub fn push_other(&mut self, kind: Kind, data: &str) {
        self.push(kind, "", "", data);
    }

    fn push(&mut self, kind: Kind, event: &str, id: &str, data: &str) {
        let mut word = kind as u32;
        if self.is_still(&self.event, event) {
            word |= SAME_EVENT;
        } else {
            self.event = self.push_text(event);
        }
        let event_end = self.text.len();
        if self.is_still(&self.id, id) {
            word |= SAME_ID;
        } else {
            self.id = self.push_text(id);
        }
        let id_end = self.text.len();
        self.text.push_str(data);
        // A mailbox holds its bound or one item, both far under 4 GiB; `fits` guards it.
        let ends = [event_end, id_end, self.text.len()].map(|end| end as u32);
        self.words.extend([word, ends[0], ends[1], ends[2]]);
    }

    /// Whether a part of the last item is this text.
    fn is_still(&self, part: &Range<usize>, text: &str) -> bool {
        // Most are empty, and then there is nothing to compare.
        part.len() == text.len()
            && (text.is_empty() || self.text.as_bytes()[part.clone()] == *text.as_bytes())
    }

    fn push_text(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// Forgets all items, and keeps the memory where it is not much.
    pub fn clear(&mut self) {
        if self.size() > KEEP {
            *self = Self::new();
            return;
        }
        self.text.clear();
        self.words.clear();
        self.event = 0..0;
        self.id = 0..0;
    }

    /// Whether `more` bytes of text can be added without passing what the numbers can count.
    pub fn fits(&self, more: usize) -> bool {
        self.text.len() + more <= u32::MAX as usize
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.words.len() / WORDS_PER_ITEM
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The bytes that the items hold, for bounds.
    pub fn size(&self) -> usize {
        self.text.len() + self.words.len() * size_of::<u32>()
    }

    /// The text of all items. Each item's text is the `event`, the `id` and the `data`, in this order.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// [`WORDS_PER_ITEM`] numbers per item: its [`Kind`] with [`SAME_EVENT`] and [`SAME_ID`], then the ends of `event`, `id` and
    /// `data` in bytes of [`text`](Self::text); each part begins where the one before it ended. Before the first item, `event` and
    /// `id` are empty.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The items, in order.
    pub fn items(&self) -> impl ExactSizeIterator<Item = Packed<'_>> {
        let (mut start, mut event, mut id) = (0, "", "");
        self.words.chunks_exact(WORDS_PER_ITEM).map(move |item| {
            let mut part = |end: u32| {
                let text = &self.text[start..end as usize];
                start = end as usize;
                text
            };
            let (new_event, new_id, data) = (part(item[1]), part(item[2]), part(item[3]));
            let same_event = item[0] & SAME_EVENT != 0;
            if !same_event {
                event = new_event;
            }
            let same_id = item[0] & SAME_ID != 0;
            if !same_id {
                id = new_id;
            }
            let kind = Kind::from_word(item[0]);
            let event = if kind == Kind::Event && event.is_empty() {
                "message"
            } else {
                event
            };
            Packed {
                kind,
                event,
                id,
                data,
                same_event,
                same_id,
            }
        })
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items()).finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_comes_out() {
        let mut batch = Batch::new();
        batch.push_other(Kind::Comment, "hi");
        batch.push_event("tick", "1", "x\ny");
        let items: Vec<_> = batch
            .items()
            .map(|i| (i.kind, i.event, i.id, i.data))
            .collect();
        assert_eq!(
            items,
            [
                (Kind::Comment, "", "", "hi"),
                (Kind::Event, "tick", "1", "x\ny")
            ]
        );
        assert_eq!(batch.len(), 2);
    }
    #[test]
    fn what_repeats_is_there_once() {
        let mut batch = Batch::new();
        batch.push_event("message", "", "a");
        batch.push_event("tick", "7", "b");
        batch.push_event("tick", "7", "c");
        batch.push_other(Kind::Comment, "tick");
        batch.push_event("message", "7", "d");
        assert_eq!(batch.text(), "atick7bctick7d");
        let items: Vec<_> = batch.items().collect();
        let told: Vec<_> = items.iter().map(|i| (i.event, i.id, i.data)).collect();
        assert_eq!(
            told,
            [
                ("message", "", "a"),
                ("tick", "7", "b"),
                ("tick", "7", "c"),
                ("", "", "tick"),
                ("message", "7", "d")
            ]
        );
        let same: Vec<_> = items.iter().map(|i| (i.same_event, i.same_id)).collect();
        let (t, f) = (true, false);
        assert_eq!(same, [(t, t), (f, f), (t, t), (f, f), (t, f)]);

        batch.clear();
        batch.push_event("tick", "7", "b");
        assert_eq!(batch.text(), "tick7b");
    }
}
