//! Where Chromium does not do what the standard says. What is not here must not differ.

use crate::generate::{Chunk, Session, Stream};

/// One such place.
pub(crate) struct Deviation {
    pub(crate) name: &'static str,
    /// What the standard says, what was seen instead, and in which version.
    _why: &'static str,
    /// The stream that reads by the standard as this one is read by Chromium; `None` where it is not concerned.
    as_chromium_reads: fn(&[u8]) -> Option<Vec<u8>>,
}

pub(crate) const DEVIATIONS: [Deviation; 1] = [Deviation {
    name: "a line end directly behind the byte order mark",
    _why: "The mark is skipped, and the line end ends an empty line. Chromium 156 skips the mark and takes the byte behind it \
           into the first line whatever it is: EF BB BF LF `data: a` LF LF dispatches nothing, since its field is called LF \
           `data`. In whatever chunks it comes; any other byte there is taken rightly.",
    as_chromium_reads: |stream| match stream {
        [0xEF, 0xBB, 0xBF, b'\r' | b'\n', rest @ ..] => {
            // No name of a field begins with this.
            Some([b"\xEF\xBB\xBFx", rest].concat())
        }
        _ => None,
    },
}];

/// The deviation that the session meets, and the session that reads by the standard as Chromium reads this one.
pub(crate) fn as_chromium_reads(session: &Session) -> Option<(&'static Deviation, Session)> {
    DEVIATIONS.iter().find_map(|deviation| {
        let mut session = session.clone();
        let mut is_met = false;
        for stream in &mut session.connections {
            if let Some(bytes) = (deviation.as_chromium_reads)(&stream.bytes()) {
                is_met = true;
                let chunks = vec![Chunk { bytes, pause: 0 }];
                *stream = Stream { chunks };
            }
        }
        is_met.then_some((deviation, session))
    })
}
