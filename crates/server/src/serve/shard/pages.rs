//! What subscribers read, made once for all who are at the same place.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::super::handover::Framing;
use crate::filter::Filter;
use crate::frame::Frame;
use crate::resume;
use crate::state::{Content, Shared};
use crate::stats::End;

/// How many bytes of frames a subscriber is sent at a time. A burst should fit into one send; one that replays much lets
/// the others in between.
pub(super) const PAGE: usize = 128 << 10;
/// How many bytes of pages are kept for others at the same place, who may never come: after a storm everybody is at another.
const MAX_KNOWN: usize = 4 << 20;

/// Frames as they are sent.
pub(super) struct Page {
    /// All of them, one after the other.
    pub(super) bytes: Bytes,
    frames: Vec<Sheet>,
    /// What is in it.
    pub(super) content: Content,
    /// The position that its reader then has.
    pub(super) cursor: u64,
    /// Whether that is the log's end.
    pub(super) all: bool,
    /// Whether nothing more will be published.
    pub(super) closed: bool,
    /// The log's end when it was read: of what came later it says nothing.
    as_of: u64,
}

/// A frame of a page.
struct Sheet {
    frame: Frame,
    content: Content,
    /// The position that it brings its reader to.
    offset: u64,
    /// Where it ends in the page.
    end: usize,
}

/// What is reached once some bytes are out: a position, and what was delivered by that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub(super) cursor: u64,
    pub(super) content: Content,
}

impl Page {
    /// What is reached where only `sent` bytes of it were taken, if anything is; and what is left of a frame of which a part was
    /// sent. That is a part of the log's own frame, so that whoever waits holds no page.
    pub(super) fn broken(
        &self,
        sent: usize,
        framing: Framing,
    ) -> (Option<Reached>, Option<(Bytes, Reached)>) {
        let (whole, others) = self
            .frames
            .split_at(self.frames.partition_point(|sheet| sheet.end <= sent));
        let begin = whole.last().map_or(0, |sheet| sheet.end);
        let reached = whole.last().map(|sheet| Reached {
            cursor: sheet.offset,
            content: whole.iter().map(|sheet| sheet.content).sum(),
        });
        let cut = others.first().filter(|_| sent > begin);
        let rest = cut.map(|sheet| {
            let reached = Reached {
                cursor: sheet.offset,
                content: sheet.content,
            };
            (framed(&sheet.frame, framing).slice(sent - begin..), reached)
        });
        (reached, rest)
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
    known: HashMap<Place, Arc<Page>>,
    /// How many bytes the known pages have.
    bytes: usize,
    /// Pages from before this offset are old: somebody has come since, who is told only of what is published after it.
    not_before: u64,
    /// The page that was read last: one event goes to many who are at the same place.
    last: Option<(Place, Arc<Page>)>,
    /// The last heartbeat, which is the same for all who are at the log's end.
    beat: Option<(u64, Frame)>,
}

/// Where somebody reads on. Most equal filters of a shard are one, which is compared at once.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    filter: Arc<Filter>,
    cursor: u64,
    framing: Framing,
}

impl Pages {
    /// What was read is old, since something was published; or nobody reads any more.
    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.bytes = 0;
        self.last = None;
    }

    /// Somebody has come who is told of what follows `end`, and of nothing up to there. A page from before may lack events
    /// that nobody was told of, since none of the shard's subscribers was there for them.
    pub(super) fn joined_at(&mut self, end: u64) {
        self.not_before = self.not_before.max(end);
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
    ) -> Result<&Page, End> {
        let is_here = |place: &Place| {
            place.filter == *filter && place.cursor == cursor && place.framing == framing
        };
        let since = self.not_before;
        let is_true = |(place, page): &(Place, Arc<Page>)| is_here(place) && page.as_of >= since;
        let last = match self.last.take().filter(is_true) {
            Some(last) => last,
            None => {
                let place = Place {
                    filter: filter.clone(),
                    cursor,
                    framing,
                };
                let page = self.look_up(hub, &place)?;
                (place, page)
            }
        };
        Ok(&self.last.insert(last).1)
    }

    fn look_up(&mut self, hub: &Shared, place: &Place) -> Result<Arc<Page>, End> {
        match self.known.get(place) {
            Some(known) if known.as_of >= self.not_before => return Ok(known.clone()),
            _ => {}
        }
        if let Some(old) = self.known.remove(place) {
            self.bytes -= old.bytes.len();
        }
        let page = Arc::new(read(hub, &place.filter, place.cursor, place.framing)?);
        if self.bytes + page.bytes.len() > MAX_KNOWN {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += page.bytes.len();
        self.known.insert(place.clone(), page.clone());
        Ok(page)
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
    let (found, closed, as_of) = {
        let mut state = hub.lock();
        state.log.expire(tokio::time::Instant::now());
        (
            state.read(filter, cursor, PAGE, hub.slow_by_shard())?,
            state.closed,
            state.log.last(),
        )
    };
    if found.is_empty() && !found.all {
        // For a pattern, what was looked at was not its own. There may be much more of that, and others want the hub.
        hub.give_way();
    }
    let content = found.content();
    let before = found
        .frames
        .first()
        .map_or(found.cursor, |(offset, _)| offset - 1);
    let reset = found.reset.map(|frame| (before, Content::RESET, frame));
    let events = found.frames.into_iter().map(|(offset, frame)| {
        let content = Content::event(&frame);
        (offset, content, frame)
    });
    let mut end = 0;
    let frames: Vec<_> = reset
        .into_iter()
        .chain(events)
        .map(|(offset, content, frame)| {
            end += framed(&frame, framing).len();
            Sheet {
                frame,
                content,
                offset,
                end,
            }
        })
        .collect();
    let bytes = match &frames[..] {
        [only] => framed(&only.frame, framing),
        _ => {
            let mut all = BytesMut::with_capacity(end);
            for sheet in &frames {
                all.extend_from_slice(&framed(&sheet.frame, framing));
            }
            all.freeze()
        }
    };
    Ok(Page {
        bytes,
        frames,
        content,
        cursor: found.cursor,
        all: found.all,
        closed,
        as_of,
    })
}
