//! What everybody who comes back, or comes new, gets of what was done.

use eventwire_server::{EventId, Start, SubscribeError};

use crate::reading::{Read, is_reset, offset_of, read};
use crate::run::Run;
use crate::wish::{WISHES, Wish};

/// A client that is cut at its first read comes back; more often than this it would never end.
const RECONNECTS: usize = 5;

impl Run {
    /// What a client gets that has all up to `cursor`, and whether it was told of a loss. Where it is cut, it comes back.
    fn resume(&self, wish: Wish, cursor: u64) -> Option<(bool, Vec<String>)> {
        let naive = &self.naive;
        let (mut told, mut at) = (false, cursor);
        let mut events = Vec::new();
        for _ in 0..RECONNECTS {
            let id = naive.mark(at).trim().replacen("id: ", "", 1);
            let subscribe = wish.subscribe().start(Start::After(id));
            let mut frames = match self.hub.subscribe(subscribe) {
                Ok(frames) => frames,
                Err(error) => {
                    assert_eq!(error, SubscribeError::TooManyTopics);
                    assert!(self.crowded, "there is room for all of the topics");
                    return None;
                }
            };
            let (all, ended) = match read(&mut frames) {
                Read::Frames(all) => (all, false),
                Read::Ended(all) => (all, true),
            };
            assert!(self.crowded || !ended, "cut without a reason");
            for (number, frame) in all.into_iter().enumerate() {
                at = offset_of(&frame);
                if is_reset(&frame) {
                    told = true;
                } else if number == 0 {
                    assert_eq!(frame, naive.mark(at), "a stream begins with a mark");
                } else {
                    events.push(frame);
                }
            }
            if !ended {
                // Told once: the last event ID of after a reset gets no other.
                return Some((told, events));
            }
        }
        panic!("cut {RECONNECTS} times in a row after {cursor} of {wish:?}");
    }

    pub(crate) fn compare(&mut self) {
        for which in (0..self.joined.len()).rev() {
            self.read_on(which);
        }
        self.joined.clear();
        let naive = &self.naive;
        for wish in WISHES {
            for cursor in 0..=naive.last() {
                let Some((told, events)) = self.resume(wish, cursor) else {
                    continue;
                };
                let lost = naive.lost(wish, cursor);
                // Of a pattern nobody knows what it covered of what is gone; a store does, here.
                let passed =
                    self.store.is_none() && wish.patterns != 0 && cursor < naive.first as u64;
                let what = format!("{wish:?} after {cursor}");
                assert!(told || !lost, "{what}: a loss without a reset");
                assert!(
                    told || !passed,
                    "{what}: a pattern that the tail has passed"
                );
                let false_alarms = self.crowded && self.store.is_none();
                assert!(
                    false_alarms || lost || passed || !told,
                    "{what}: a false alarm"
                );
                if told {
                    // After a reset everything that is held comes, also from before the cursor.
                    assert_eq!(events, naive.held(wish, 0), "{what}");
                } else {
                    assert_eq!(events, naive.held(wish, cursor), "{what}");
                }
            }
            let held = naive.held(wish, 0);
            for count in 0..=held.len() + 1 {
                let last = &held[held.len().saturating_sub(count)..];
                self.starts(wish, Start::Last(count), last);
            }
            self.starts(wish, Start::Earliest, &held);
            self.starts(wish, Start::Live, &[]);
        }
    }

    fn starts(&self, wish: Wish, start: Start, expected: &[String]) {
        let subscribe = wish.subscribe().start(start.clone());
        let Ok(mut frames) = self.hub.subscribe(subscribe) else {
            assert!(self.crowded, "there is room for all of the topics");
            return;
        };
        let Read::Frames(all) = read(&mut frames) else {
            panic!("{start:?} of {wish:?} ended");
        };
        let retained = if start == Start::Live {
            self.naive.first_of(wish)
        } else {
            Vec::new()
        };
        assert_eq!(all[..retained.len()], retained, "{start:?} of {wish:?}");
        let all = &all[retained.len()..];
        let before = expected
            .first()
            .map_or(self.naive.last(), |frame| offset_of(frame) - 1);
        // Earliest begins where the log does, which may be before the first of its own.
        if start == Start::Earliest {
            let first = all[0].strip_prefix("id: ").unwrap().trim();
            let first = first.parse::<EventId>().unwrap().offset();
            match &self.store {
                None => assert_eq!(first, self.naive.first as u64),
                Some(_) => assert!(first <= before),
            }
        } else {
            assert_eq!(all[0], self.naive.mark(before), "{start:?}");
        }
        assert_eq!(all[1..], *expected, "{start:?} of {wish:?}");
    }
}
