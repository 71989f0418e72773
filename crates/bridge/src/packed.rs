//! The form in which a batch of items crosses into another language.
//!
//! One string holds the text of all items, one array of numbers says where each part ends: so that a batch costs one
//! string and one array, and the other language cuts its own strings out of them. (Objects made one by one through
//! Node-API cost four to ten times as much.)

use std::fmt;

/// Numbers per item in [`Batch::words`]: its kind, and where its `event`, `id` and `data` end.
pub const WORDS_PER_ITEM: usize = 4;

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
}

impl Kind {
    fn from_word(word: u32) -> Self {
        match word {
            0 => Self::Event,
            1 => Self::Comment,
            2 => Self::Opened,
            3 => Self::Reset,
            4 => Self::Reconnecting,
            5 => Self::Closed,
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
}

/// A batch of items: see the module.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Batch {
    text: String,
    words: Vec<u32>,
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
        self.words.push(kind as u32);
        for part in [event, id, data] {
            self.text.push_str(part);
            // A mailbox holds its bound or one item, both far under 4 GiB; `fits` guards it.
            self.words.push(self.text.len() as u32);
        }
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

    /// [`WORDS_PER_ITEM`] numbers per item: its [`Kind`], then the ends of `event`, `id` and `data` in bytes of
    /// [`text`](Self::text); each part begins where the one before it ended.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The same numbers with the ends counted in UTF-16 code units, for JavaScript strings. Where the text is ASCII
    /// they are equal, and there is no need to ask.
    pub fn utf16_words(&self) -> Vec<u32> {
        let mut words = self.words.clone();
        let (mut byte, mut unit) = (0, 0);
        for item in words.chunks_exact_mut(WORDS_PER_ITEM) {
            for end in &mut item[1..] {
                let next = *end as usize;
                unit += self.text[byte..next]
                    .chars()
                    .map(char::len_utf16)
                    .sum::<usize>();
                byte = next;
                *end = unit as u32;
            }
        }
        words
    }

    /// The items, in order.
    pub fn items(&self) -> impl Iterator<Item = Packed<'_>> {
        let mut start = 0;
        self.words.chunks_exact(WORDS_PER_ITEM).map(move |item| {
            let mut part = |end: u32| {
                let text = &self.text[start..end as usize];
                start = end as usize;
                text
            };
            let (event, id, data) = (part(item[1]), part(item[2]), part(item[3]));
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
    fn utf16_ends_count_code_units() {
        let mut batch = Batch::new();
        batch.push_event("é", "𝄞", "a𝄞é");
        batch.push_event("message", "", "z");
        let units: Vec<u16> = batch.text().encode_utf16().collect();
        let words = batch.utf16_words();
        let part =
            |from: u32, to: u32| String::from_utf16_lossy(&units[from as usize..to as usize]);
        assert_eq!(part(0, words[1]), "é");
        assert_eq!(part(words[1], words[2]), "𝄞");
        assert_eq!(part(words[2], words[3]), "a𝄞é");
        assert_eq!(words[5], words[3], "the type message is stored as nothing");
        assert_eq!(part(words[6], words[7]), "z");
    }

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
}
