//! Waiting for what must come, as long as anything comes.

use std::time::Instant;

use super::{Load, Pace, TURN};
use crate::bench::payload::Mark;
use crate::failure::Failure;

/// How many publishes may be unanswered before a rate is found to be too high.
const BEHIND: usize = 1000;

impl Load {
    /// Takes turns until `is_done`, or until nothing has come for too long.
    pub(in crate::bench) fn until(
        &mut self,
        what: &str,
        on: &mut impl FnMut(usize, Mark, u64),
        mut is_done: impl FnMut(&Self) -> bool,
    ) -> Result<(), Failure> {
        self.last_sign = Instant::now();
        while !is_done(self) {
            self.turn(TURN, on)?;
            self.no_reader_ended()?;
            self.patiently(|| format!("waiting for {what}"))?;
        }
        Ok(())
    }

    /// Takes turns until every reader has the event of this number, or a later one, and every publish is acknowledged.
    pub(in crate::bench) fn until_all_have(
        &mut self,
        number: u64,
        on: &mut impl FnMut(usize, Mark, u64),
    ) -> Result<(), Failure> {
        self.last_sign = Instant::now();
        let mut lack = self.readers().filter(|reader| reader.last < number).count();
        while lack > 0 || self.unanswered() > 0 {
            // Whose pace is another never comes here: they are not read while this waits.
            self.turn(TURN, &mut |index, mark: Mark, before| {
                if before < number && mark.number >= number {
                    lack = lack.saturating_sub(1);
                }
                on(index, mark, before);
            })?;
            self.no_reader_ended()?;
            self.patiently(|| format!("{lack} subscribers lack event {number}"))?;
        }
        Ok(())
    }

    /// The server acknowledges about as fast as there is published.
    pub(in crate::bench) fn keeps_up(&self, rate: f64) -> Result<(), Failure> {
        if self.unanswered() <= BEHIND {
            return Ok(());
        }
        Err(Failure::Said(format!(
            "the server does not keep up with {rate} events per second: more than {BEHIND} publishes are unanswered; give a lower --rate"
        )))
    }

    /// Whoever reads and was ended did nothing to deserve it.
    pub(in crate::bench) fn no_reader_ended(&self) -> Result<(), Failure> {
        self.none_ended(|index| self.paces[index] == Pace::All)
    }

    /// Nobody was ended of those that this is about.
    pub(super) fn none_ended(&self, is_about: impl Fn(usize) -> bool) -> Result<(), Failure> {
        match self.ended.iter().find(|(index, _)| is_about(*index)) {
            None => Ok(()),
            Some((index, why)) => Err(Failure::Said(format!(
                "subscriber {index} was ended ({} in all): {why}",
                self.ended.len()
            ))),
        }
    }

    /// As [`until`](Self::until) gives up, for a wait that is made of several.
    pub(in crate::bench) fn give_up_after(
        &self,
        start: Instant,
        what: &str,
    ) -> Result<(), Failure> {
        if start.elapsed() < self.patience {
            return Ok(());
        }
        Err(Failure::Said(format!(
            "{what} within {} s: give --timeout if the server needs longer",
            self.patience.as_secs_f64()
        )))
    }

    pub(super) fn patiently(&self, what: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.last_sign.elapsed() < self.patience {
            return Ok(());
        }
        Err(Failure::Said(format!(
            "nothing came for {} s, {}: give --timeout if the server needs longer",
            self.patience.as_secs_f64(),
            what()
        )))
    }
}
