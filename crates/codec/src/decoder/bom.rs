//! The byte order mark.

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// How far the start of the stream was compared with the one BOM that is skipped there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Start {
    /// Nothing yet.
    #[default]
    Nothing,
    /// The first or the first two bytes of it.
    Part(usize),
    /// The start is over.
    Past,
}

/// What to do at the start of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AtStart<'a> {
    /// Go on with these bytes.
    Rest(&'a [u8]),
    /// It was no BOM after all: the stream began with these, and the chunk follows.
    NoBom(&'static [u8]),
}

impl Start {
    /// Takes the chunk as far as it may belong to a BOM.
    #[inline]
    pub(super) fn take<'a>(&mut self, chunk: &'a [u8]) -> AtStart<'a> {
        match *self {
            Start::Past => AtStart::Rest(chunk),
            Start::Nothing => self.compare(0, chunk),
            Start::Part(seen) => self.compare(seen, chunk),
        }
    }

    fn compare<'a>(&mut self, seen: usize, chunk: &'a [u8]) -> AtStart<'a> {
        let pairs = BOM[seen..].iter().zip(chunk);
        let same = pairs.take_while(|(want, byte)| want == byte).count();
        if seen + same == BOM.len() {
            *self = Start::Past;
            AtStart::Rest(&chunk[same..])
        } else if same == chunk.len() {
            *self = match seen + same {
                0 => Start::Nothing,
                seen => Start::Part(seen),
            };
            AtStart::Rest(&[])
        } else {
            *self = Start::Past;
            AtStart::NoBom(&BOM[..seen])
        }
    }
}
