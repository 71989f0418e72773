//! What subscribers read, made once for all who are at the same place.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::super::handover::Framing;
use crate::filter::Filter;
use crate::frame::Frame;
use crate::resume;
use crate::state::Shared;
use crate::stats::End;

/// How many bytes of frames a subscriber is sent at a time. A burst should fit into one send; one that replays much lets
/// the others in between.
const PAGE: usize = 128 << 10;

/// Frames as they are sent.
pub(super) struct Page {
    /// All of them, one after the other.
    pub(super) bytes: Bytes,
    /// Each with the position that it brings its reader to, and where it ends in the bytes.
    frames: Vec<(u64, Frame, usize)>,
    /// How many of the frames are events: a reset is none.
    events: usize,
    /// The position that its reader then has.
    pub(super) cursor: u64,
    /// Whether that is the log's end.
    pub(super) all: bool,
    /// Whether nothing more will be published.
    pub(super) closed: bool,
}

/// Events, and their bytes without framing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

/// Where a send has ended within a page.
pub(super) struct Broken {
    /// The position that was reached by whole frames, if any.
    pub(super) reached: Option<u64>,
    pub(super) content: Content,
    /// What is left of a frame of which a part was sent, with the position that it leads to and the size of the event.
    pub(super) rest: Option<(Bytes, (u64, usize))>,
}

impl Page {
    /// What is in it.
    pub(super) fn content(&self) -> Content {
        self.content_of(self.frames.len())
    }

    /// What is in its first frames.
    fn content_of(&self, frames: usize) -> Content {
        let resets = self.frames.len() - self.events;
        let events = &self.frames[resets.min(frames)..frames];
        Content {
            events: events.len(),
            bytes: events.iter().map(|(_, frame, _)| frame.len()).sum(),
        }
    }

    /// What there is to know where only `sent` bytes of it were taken. The rest is a part of the log's own frame, so that
    /// whoever waits holds no page.
    pub(super) fn broken(&self, sent: usize, framing: Framing) -> Broken {
        let whole = self.frames.partition_point(|&(_, _, end)| end <= sent);
        let reached = whole.checked_sub(1).map(|last| self.frames[last].0);
        let begin = whole.checked_sub(1).map_or(0, |last| self.frames[last].2);
        let rest = self.frames.get(whole).filter(|_| sent > begin);
        Broken {
            reached,
            content: self.content_of(whole),
            rest: rest.map(|(offset, frame, _)| {
                let rest = framed(frame, framing).slice(sent - begin..);
                (rest, (*offset, frame.len()))
            }),
        }
    }
}

/// A frame as it goes to a socket.
pub(super) fn framed(frame: &Frame, framing: Framing) -> Bytes {
    match framing {
        Framing::Chunked => frame.chunk().clone(),
        Framing::Plain => frame.plain(),
    }
}

/// The pages that were read since something was published last.
#[derive(Default)]
pub(super) struct Pages {
    known: HashMap<(Arc<Filter>, u64, Framing), Result<Arc<Page>, End>>,
    /// The last heartbeat, which is the same for all who are at the log's end.
    beat: Option<(u64, Frame)>,
}

impl Pages {
    /// What was read is old: something was published.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }

    /// What follows the cursor.
    ///
    /// # Errors
    ///
    /// The log's tail has passed the cursor, and the hub ends those whom that happens to.
    pub(super) fn read(
        &mut self,
        hub: &Shared,
        filter: &Arc<Filter>,
        cursor: u64,
        framing: Framing,
    ) -> Result<Arc<Page>, End> {
        let place = (filter.clone(), cursor, framing);
        self.known
            .entry(place)
            .or_insert_with(|| read(hub, filter, cursor, framing).map(Arc::new))
            .clone()
    }

    /// A comment, and a mark of the position.
    pub(super) fn heartbeat(&mut self, hub: &Shared, cursor: u64) -> Frame {
        match &self.beat {
            Some((at, frame)) if *at == cursor => frame.clone(),
            _ => {
                let frame = Frame::new(&resume::heartbeat(&hub.lock().log, cursor));
                self.beat = Some((cursor, frame.clone()));
                frame
            }
        }
    }
}

fn read(hub: &Shared, filter: &Filter, cursor: u64, framing: Framing) -> Result<Page, End> {
    let (found, closed) = {
        let mut state = hub.lock();
        state.log.expire(tokio::time::Instant::now());
        (state.read(filter, cursor, PAGE, hub.slow)?, state.closed)
    };
    let events = found.frames.len();
    let before = found
        .frames
        .first()
        .map_or(found.cursor, |(offset, _)| offset - 1);
    let reset = found.reset.map(|frame| (before, frame));
    let mut end = 0;
    let frames: Vec<_> = reset
        .into_iter()
        .chain(found.frames)
        .map(|(offset, frame)| {
            end += framed(&frame, framing).len();
            (offset, frame, end)
        })
        .collect();
    let bytes = match &frames[..] {
        [(_, frame, _)] => framed(frame, framing),
        _ => {
            let mut all = BytesMut::with_capacity(end);
            for (_, frame, _) in &frames {
                all.extend_from_slice(&framed(frame, framing));
            }
            all.freeze()
        }
    };
    Ok(Page {
        bytes,
        frames,
        events,
        cursor: found.cursor,
        all: found.all,
        closed,
    })
}
