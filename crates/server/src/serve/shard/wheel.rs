//! When to look at which subscriber again.

use std::time::{Duration, Instant};

/// The time that a shard reckons in: what is due is seen to within this.
const TICK: Duration = Duration::from_millis(20);
/// How far ahead it can look, some 20 s; what is later is looked at in between.
const SLOTS: u32 = 1024;

/// A moment of a shard's life, in ticks.
pub(super) type Tick = u32;
/// A moment that never comes.
pub(super) const NEVER: Tick = Tick::MAX;

/// A shard's clock. Ticks are a third of an [`Instant`]'s size, and every subscriber holds some.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// The tick that has begun.
    pub(super) fn now(self) -> Tick {
        ticks(self.0.elapsed(), u128::div_euclid)
    }

    /// The first tick that begins at or after a moment.
    pub(super) fn at(self, moment: Instant) -> Tick {
        in_ticks(moment.saturating_duration_since(self.0))
    }

    /// How long it is until a tick begins.
    pub(super) fn until(self, tick: Tick) -> Duration {
        (TICK * tick).saturating_sub(self.0.elapsed())
    }
}

/// How many ticks a time takes, at least one.
pub(super) fn in_ticks(time: Duration) -> Tick {
    ticks(time, u128::div_ceil).max(1)
}

fn ticks(time: Duration, divide: impl Fn(u128, u128) -> u128) -> Tick {
    // After the two years and more that can be counted, nothing more is due.
    Tick::try_from(divide(time.as_nanos(), TICK.as_nanos())).unwrap_or(NEVER - 1)
}

/// A wheel of slots, one for each tick of a turn (a hashed timing wheel, Varghese and Lauck 1987). An entry is never moved: whoever
/// is due later than it says is looked at for nothing and entered again, so that a send need not touch it.
#[derive(Debug)]
pub(super) struct Wheel {
    slots: Box<[Vec<u32>]>,
    /// The tick up to which all was looked at.
    now: Tick,
    /// Nothing is due before this tick.
    next: Tick,
}

impl Wheel {
    pub(super) fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Vec::new()).collect(),
            now: 0,
            next: NEVER,
        }
    }

    /// Enters a key; returns the tick at which it will come up, which is `due` or, where that is too far, earlier.
    pub(super) fn enter(&mut self, key: u32, due: Tick) -> Tick {
        let soonest = self.now.saturating_add(1);
        let due = due.clamp(soonest, self.now.saturating_add(SLOTS - 1));
        if due == NEVER {
            // The end of what can be counted.
            return due;
        }
        self.slots[(due % SLOTS) as usize].push(key);
        self.next = self.next.min(due);
        due
    }

    /// Goes on to `now`. Gives each key that has come up, with its tick.
    pub(super) fn turn(&mut self, now: Tick, mut up: impl FnMut(u32, Tick)) {
        if now < self.next {
            self.now = self.now.max(now);
            return;
        }
        // A shard that slept longer than a turn of the wheel finds everything due.
        let first = self.next.max(self.now.saturating_add(1));
        for tick in first..=now.min(self.now.saturating_add(SLOTS)) {
            // With its room, which would else stay as large as it was at its fullest.
            for key in std::mem::take(&mut self.slots[(tick % SLOTS) as usize]) {
                up(key, tick);
            }
        }
        self.now = now;
        self.next = (now.saturating_add(1)..now.saturating_add(SLOTS))
            .find(|tick| !self.slots[(tick % SLOTS) as usize].is_empty())
            .unwrap_or(NEVER);
    }

    /// When something will come up, if anything will.
    pub(super) fn next(&self) -> Option<Tick> {
        (self.next != NEVER).then_some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up(wheel: &mut Wheel, now: Tick) -> Vec<(u32, Tick)> {
        let mut all = Vec::new();
        wheel.turn(now, |key, tick| all.push((key, tick)));
        all
    }

    #[test]
    fn keys_come_up_at_their_tick() {
        let mut wheel = Wheel::new();
        assert_eq!(wheel.next(), None);
        assert_eq!(wheel.enter(7, 5), 5);
        assert_eq!(wheel.enter(8, 3), 3);
        assert_eq!(wheel.enter(9, 0), 1);
        assert_eq!(wheel.next(), Some(1));
        assert_eq!(up(&mut wheel, 2), [(9, 1)]);
        assert_eq!(wheel.next(), Some(3));
        assert_eq!(up(&mut wheel, 2), []);
        assert_eq!(up(&mut wheel, 100), [(8, 3), (7, 5)]);
        assert_eq!(wheel.next(), None);
    }

    #[test]
    fn what_is_too_far_comes_up_in_between() {
        let mut wheel = Wheel::new();
        assert_eq!(wheel.enter(1, NEVER), SLOTS - 1);
        assert_eq!(up(&mut wheel, SLOTS - 1), [(1, SLOTS - 1)]);
        assert_eq!(wheel.enter(1, NEVER), 2 * SLOTS - 2);
    }

    #[test]
    fn after_a_long_sleep_everything_comes_up_once() {
        let mut wheel = Wheel::new();
        for key in 0..SLOTS {
            wheel.enter(key, key + 1);
        }
        assert_eq!(up(&mut wheel, 10 * SLOTS).len(), SLOTS as usize);
        assert_eq!(up(&mut wheel, 20 * SLOTS), []);
        assert_eq!(wheel.enter(1, 0), 20 * SLOTS + 1);
    }

    #[test]
    fn at_the_end_of_what_can_be_counted_nothing_more_comes_up() {
        let mut wheel = Wheel::new();
        assert_eq!(up(&mut wheel, NEVER - 3), []);
        assert_eq!(wheel.enter(1, NEVER - 1), NEVER - 1);
        assert_eq!(wheel.enter(2, NEVER), NEVER);
        assert_eq!(up(&mut wheel, NEVER - 1), [(1, NEVER - 1)]);
        assert_eq!(wheel.enter(3, NEVER - 1), NEVER);
        assert_eq!(up(&mut wheel, NEVER - 1), []);
        assert_eq!(wheel.next(), None);
        // Nor is anything kept of it.
        assert!(wheel.slots.iter().all(Vec::is_empty));
    }

    #[test]
    fn a_time_takes_at_least_one_tick() {
        assert_eq!(in_ticks(Duration::ZERO), 1);
        assert_eq!(in_ticks(Duration::from_millis(20)), 1);
        assert_eq!(in_ticks(Duration::from_millis(21)), 2);
        assert_eq!(in_ticks(Duration::from_secs(15)), 750);
        assert_eq!(in_ticks(Duration::MAX), NEVER - 1);
    }
}
