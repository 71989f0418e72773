//! A hub beside a naive one that never forgets, by what everybody can call, in memory and over a store that is slow. The clock is
//! virtual.
//!
//! - `wish`: what is subscribed to. `steps`: what happens. `naive`: the other hub. `run`: both, step by step, where `publishing` is
//!   the larger part. `compare`: every resume from every cursor, in the end. `reading`: what a subscription gives.

#[path = "../common/mod.rs"]
mod common;
mod compare;
mod naive;
mod publishing;
mod reading;
mod run;
mod steps;
mod wish;

use proptest::prelude::*;

use common::SlowStore;
use run::Run;
use steps::{Options, Step, options, step};
use wish::TOPICS;

fn run(options: Options, steps: Vec<Step>, crowded: bool, store: Option<SlowStore>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut run = Run::new(options, crowded, store).await;
        for step in steps {
            run.step(step).await;
        }
        run.compare();
        let naive = (run.naive.last(), run.hub.stats());
        assert_eq!((naive.0, 0), (naive.1.published, naive.1.subscribers));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_subscriber_gets_each_held_event_once_and_a_reset_exactly_for_a_loss(
        options in options(5usize..8),
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        run(options, steps, false, None);
    }

    #[test]
    fn where_topics_are_forgotten_there_is_still_no_loss_without_a_reset(
        options in options(1usize..5),
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        run(options, steps, true, None);
    }

    #[test]
    fn over_a_store_nothing_is_lost_that_the_store_holds(
        options in options(1usize..8),
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        let crowded = options.max_topics < TOPICS.len();
        run(options, steps, crowded, Some(SlowStore::new()));
    }
}
