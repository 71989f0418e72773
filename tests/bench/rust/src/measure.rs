//! The rounds.

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

use crate::decoders::{self, Tally};
use crate::plan::{Plan, Workload};

/// What a function returns, and how many nanoseconds of CPU time it took: those in which the thread had to wait for a
/// processor do not count, so that what else the machine does matters less.
pub fn timed<T>(run: impl FnOnce() -> T) -> (T, u64) {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    };
    let start = now();
    let returned = run();
    (returned, now() - start)
}

/// Every decoder over every workload, in every chunk size.
pub fn workloads(plan: &Plan) -> Vec<Value> {
    let mut all = Vec::new();
    for workload in &plan.workloads {
        for &chunk in &workload.chunks {
            println!("{} in chunks of {chunk} bytes", workload.name);
            all.extend(in_turn(plan.rounds, workload, chunk));
        }
    }
    all
}

/// One warm-up, then rounds in which each decoder has its turn: what slows the machine down for a while slows all of them.
fn in_turn(rounds: usize, workload: &Workload, chunk: usize) -> Vec<Value> {
    let mut times = vec![Vec::with_capacity(rounds); decoders::ALL.len()];
    let mut tallies: Vec<Option<Tally>> = vec![None; decoders::ALL.len()];
    for round in 0..=rounds {
        for (at, decoder) in decoders::ALL.iter().enumerate() {
            let (tally, took) = timed(|| (decoder.run)(workload.bytes, chunk));
            if round == 0 {
                tallies[at] = tally;
                continue;
            }
            assert_eq!(tally, tallies[at], "{} differs by itself", decoder.name);
            times[at].push(took);
        }
    }
    let series = decoders::ALL.iter().zip(tallies).zip(times);
    series
        .map(|((decoder, tally), nanoseconds)| {
            json!({
                "decoder": decoder.name,
                "workload": workload.name,
                "chunk": chunk,
                "bytes": workload.bytes.len(),
                "found": tally.map(|tally| json!({
                    "events": tally.events,
                    "data": tally.data,
                    "types": tally.types,
                    "ids": tally.ids,
                })),
                "nanoseconds": nanoseconds,
            })
        })
        .collect()
}
