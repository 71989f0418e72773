//! Any bytes, in any chunks, within any limits.

use arbitrary::Arbitrary;
use eventwire_codec::{Decoder, DecoderBuilder, Item};

use crate::memory;
use crate::oracle::{Told, oracle};
use crate::told;

/// Ten bytes of options, and the stream.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub struct Input<'a> {
    comments: bool,
    retries: bool,
    /// 255 stands for no limit.
    max_line: u8,
    max_event: u8,
    /// From 240 on, how often the stream is repeated, in sixteens. Long streams find what short ones cannot, for the
    /// decoder checks its text 16 KiB ahead; but they take long, so few are.
    repeats: u8,
    /// The sizes of the chunks, over and over; with nothing but zeros the stream is one chunk. A repeated stream has
    /// chunks 17 times as large, for the same reason.
    chunks: [u8; 4],
    /// After so many items of a chunk, the reader goes away.
    taken: u8,
    stream: &'a [u8],
}

/// A repeated stream is cut here: the oracle is slow, and its time grows with the square of a line's length.
const LONGEST: usize = 20 << 10;

/// How many bytes the oracle may read for one input, when it is asked again after every chunk.
const ORACLE_READS: usize = 4 << 10;

impl Input<'_> {
    /// Checks everything that must hold.
    ///
    /// # Panics
    ///
    /// Where something does not.
    pub fn check(&self) {
        if self.is_repeated() {
            let mut stream = self.stream.repeat(self.times());
            stream.truncate(LONGEST);
            self.says_what_the_standard_says(&stream);
            self.holds_no_more_than_its_limits_allow(&stream);
            return;
        }
        self.says_what_the_standard_says(self.stream);
        self.holds_no_more_than_its_limits_allow(self.stream);
        self.says_it_at_once(self.stream);
        self.is_as_new_after_a_reset(self.stream);
        self.is_as_new_after_its_reader_went_away(self.stream);
    }

    fn says_what_the_standard_says(&self, stream: &[u8]) {
        let want = self.oracle(stream);
        let whole = told::all(&mut self.decoder(), [stream].into_iter());
        assert_eq!(whole, want, "in one chunk");
        let chunked = told::all(&mut self.decoder(), self.cut(stream));
        assert_eq!(chunked, want, "in chunks");

        // The iterators over events alone pass over the rest; one of them takes the text out of the decoder's buffers.
        let (mut borrowing, mut owning) = (self.decoder(), self.decoder());
        let mut events = 0;
        for chunk in self.cut(stream) {
            let (mut borrowed, mut owned) = (borrowing.feed(chunk), owning.feed(chunk));
            while let Ok(Some(event)) = borrowed.next_event() {
                assert_eq!(owned.next_owned(), Ok(Some(event.to_event())));
                events += 1;
            }
            assert!(!matches!(owned.next_owned(), Ok(Some(_))));
        }
        let is_event = |item: &&String| item.starts_with("event");
        assert_eq!(events, want.items.iter().filter(is_event).count());
    }

    /// After each chunk all is told that its bytes have decided: a line end is not waited behind, and no id counts before
    /// the blank line.
    fn says_it_at_once(&self, stream: &[u8]) {
        let mut decoder = self.decoder();
        let mut told = Told::default();
        let (mut fed, mut reads) = (0, 0);
        for chunk in self.cut(stream) {
            fed += chunk.len();
            reads += fed;
            if reads > ORACLE_READS {
                break;
            }
            told::feed(&mut decoder, chunk, &mut told);
            assert_eq!(told, self.oracle(&stream[..fed]), "after {fed} bytes");
        }
    }

    fn is_as_new_after_a_reset(&self, stream: &[u8]) {
        let mut used = self.decoder();
        let before = told::all(&mut used, self.cut(stream));
        used.reset();
        assert_eq!(used.last_event_id(), before.last_event_id);
        assert_eq!(used.reconnection_time(), before.reconnection_time);
        let mut new = self.new_with_id(&before.last_event_id);
        let mut want = told::all(&mut new, self.cut(stream));
        let got = told::all(&mut used, self.cut(stream));
        want.reconnection_time = want.reconnection_time.or(before.reconnection_time);
        assert_eq!(got, want, "after a reset");

        if self.has_no_limits() && !before.last_event_id.is_empty() {
            // For the oracle, the id of before is a block in front.
            const BOM: &[u8] = b"\xEF\xBB\xBF";
            let rest = stream.strip_prefix(BOM).unwrap_or(stream);
            let id = format!("id: {}\n\n", before.last_event_id);
            let carried = self.oracle(&[id.as_bytes(), rest].concat());
            assert_eq!(got.items, carried.items, "the id is carried over");
            assert_eq!(got.last_event_id, carried.last_event_id);
        }
    }

    fn is_as_new_after_its_reader_went_away(&self, stream: &[u8]) {
        let mut used = self.decoder();
        for chunk in self.cut(stream) {
            let mut items = used.feed(chunk);
            let mut last = None;
            let mut is_over = false;
            for _ in 0..self.taken {
                match items.next() {
                    Ok(Some(Item::Event(event))) => last = Some(event.id().to_owned()),
                    Ok(Some(_)) => last = None,
                    Ok(None) | Err(_) => {
                        is_over = true;
                        break;
                    }
                }
            }
            drop(items);
            if let Some(id) = last.filter(|_| !is_over) {
                assert_eq!(used.last_event_id(), id, "what was not read is not counted");
            }
        }
        used.reset();
        let mut new = self.new_with_id(used.last_event_id());
        let want = told::all(&mut new, self.cut(stream));
        let got = told::all(&mut used, self.cut(stream));
        assert_eq!(got.items, want.items, "after an early end");
        assert_eq!(got.last_event_id, want.last_event_id);
        assert_eq!(got.error, want.error);
    }

    fn holds_no_more_than_its_limits_allow(&self, stream: &[u8]) {
        let largest_chunk = self.cut(stream).map(<[u8]>::len).max().unwrap_or(0);
        let limit = |limit: usize| limit.min(stream.len());
        // A line waits for its end together with the chunk that it came in, and what is not valid UTF-8 takes up to three
        // times its size as text. There are five buffers, and a buffer that grows doubles.
        let most = limit(self.max_line()) + limit(self.max_event()) + largest_chunk;
        let most = 256 + (most * 16).cast_signed();

        let before = memory::live();
        let mut decoder = self.decoder();
        for chunk in self.cut(stream) {
            let mut items = decoder.feed(chunk);
            while let Ok(Some(_)) = items.next() {}
            drop(items);
            let held = memory::live() - before;
            assert!(held <= most, "{held} bytes are held, at most {most} may be");
        }
    }

    fn cut<'s>(&self, stream: &'s [u8]) -> impl Iterator<Item = &'s [u8]> {
        let scale = if self.is_repeated() { 17 } else { 1 };
        let sizes = match self.chunks {
            [0, 0, 0, 0] => [usize::MAX; 4],
            sizes => sizes.map(|size| scale * usize::from(size)),
        };
        let mut rest = stream;
        let mut sizes = sizes.into_iter().cycle();
        std::iter::from_fn(move || {
            let size = sizes.next().filter(|_| !rest.is_empty())?;
            let (chunk, behind) = rest.split_at(size.min(rest.len()));
            rest = behind;
            Some(chunk)
        })
    }

    fn is_repeated(&self) -> bool {
        self.times() > 1
    }

    fn times(&self) -> usize {
        match self.repeats.checked_sub(239) {
            None | Some(0) => 1,
            Some(sixteens) => 16 * usize::from(sixteens),
        }
    }

    fn oracle(&self, stream: &[u8]) -> Told {
        let mut told = oracle(stream, self.max_line(), self.max_event());
        told.items.retain(|item| {
            (self.comments || !item.starts_with("comment"))
                && (self.retries || !item.starts_with("retry"))
        });
        told
    }

    fn decoder(&self) -> Decoder {
        self.builder().build()
    }

    fn new_with_id(&self, id: &str) -> Decoder {
        self.builder().last_event_id(id).build()
    }

    fn builder(&self) -> DecoderBuilder {
        Decoder::builder()
            .max_line(self.max_line())
            .max_event(self.max_event())
            .comments(self.comments)
            .retries(self.retries)
    }

    fn has_no_limits(&self) -> bool {
        self.max_line() == usize::MAX && self.max_event() == usize::MAX
    }

    fn max_line(&self) -> usize {
        limit(self.max_line)
    }

    fn max_event(&self) -> usize {
        limit(self.max_event)
    }
}

fn limit(byte: u8) -> usize {
    match byte {
        255 => usize::MAX,
        bytes => bytes.into(),
    }
}
