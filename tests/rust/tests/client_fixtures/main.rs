//! Runs tests/fixtures/client: what a client makes of what servers do, as data that every language runs. Here each case is run
//! over real sockets, and by the session alone on a virtual clock; and the session with a rule got wrong must fail a case that is
//! about it (`faults`).

mod faults;
mod judging;
mod options;
mod session;
mod sockets;

use std::collections::BTreeSet;
use std::time::Duration;

use eventwire::Profile;
use eventwire_tests::client_fixtures::{Case, all};
use faults::FAULTS;
use futures_util::StreamExt;

/// Every case in each of its profiles, but what this runner skips.
fn runs(runner: &str) -> Vec<(Case, Profile)> {
    let mut runs = Vec::new();
    for case in all().unwrap() {
        if let Some(reason) = case.skip(runner) {
            println!("skipped: {}: {reason}", case.label());
            continue;
        }
        for profile in &case.profiles {
            runs.push((case.clone(), options::profile(profile)));
        }
    }
    runs
}

/// Every case must have been run or say why not, and none may have failed.
fn settle(runner: &str, ran: usize, wrong: Vec<String>) {
    let held: usize = all()
        .unwrap()
        .iter()
        .filter(|case| case.skip(runner).is_none())
        .map(|case| case.profiles.len())
        .sum();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(ran, held, "not every case was run");
    assert!(ran > 0, "no case was run");
    println!("{ran} runs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_over_sockets() {
    let runs = runs(sockets::RUNNER);
    let count = runs.len();
    // Some at once, since they mostly wait.
    let outcomes = futures_util::stream::iter(runs).map(|(case, profile)| async move {
        let outcome = sockets::run(&case, profile).await;
        outcome.map_err(|error| format!("{}, {profile:?}: {error:#}", case.label()))
    });
    let outcomes: Vec<_> = outcomes.buffer_unordered(8).collect().await;
    assert_eq!(outcomes.len(), count);
    settle(
        sockets::RUNNER,
        count,
        outcomes.into_iter().filter_map(Result::err).collect(),
    );
}

#[test]
fn every_case_by_the_session_on_a_virtual_clock() {
    let runs = runs(session::RUNNER);
    let wrong = runs.iter().filter_map(|(case, profile)| {
        let error = session::run(case, *profile, None).err()?;
        Some(format!("{}, {profile:?}: {error:#}", case.label()))
    });
    settle(session::RUNNER, runs.len(), wrong.collect());
}

#[test]
fn every_rule_and_every_complaint_about_a_connection_has_a_case() {
    let cases = all().unwrap();
    let rows: BTreeSet<_> = cases.iter().flat_map(|case| case.rows.clone()).collect();
    let asks: BTreeSet<_> = cases.iter().flat_map(|case| case.asks.clone()).collect();
    for row in [1, 2].into_iter().chain(11..=19).chain(23..=27) {
        assert!(rows.contains(&row), "no case is about row {row}");
    }
    // Of the others README.md says where they are tested.
    for ask in [1].into_iter().chain(3..=14) {
        assert!(asks.contains(&ask), "no case is about complaint {ask}");
    }
}

#[test]
fn every_fault_fails_a_case_about_its_rule() {
    let mut alive = Vec::new();
    for (row, fault, what) in FAULTS {
        let fails =
            |(case, profile): &(Case, Profile)| session::run(case, *profile, Some(*fault)).is_err();
        let about = |(case, _): &&(Case, Profile)| case.rows.contains(row);
        let all = runs(session::RUNNER);
        let killed: BTreeSet<_> = all
            .iter()
            .filter(about)
            .filter(|run| fails(run))
            .map(|(case, _)| case.name.as_str())
            .collect();
        println!("row {row}, {fault:?} ({what}): {killed:?}");
        if killed.is_empty() {
            alive.push(format!("row {row}, {fault:?} ({what})"));
        }
    }
    assert!(alive.is_empty(), "no case about the row fails: {alive:#?}");
}

#[test]
fn no_storm_makes_more_than_twenty_requests_in_ten_seconds() {
    let mut storms = 0;
    for case in all().unwrap() {
        if case.file != "storms.json" {
            continue;
        }
        storms += 1;
        for profile in [Profile::Connect, Profile::EventSource] {
            for seed in 0..100 {
                let filled = case.at(&session::addresses()).unwrap();
                let mut run = session::Run::new(&filled, profile, seed, None).unwrap();
                run.endless = true;
                // The request at ten seconds sharp is that of the next ten.
                run.to(Duration::from_millis(9_999)).unwrap();
                let (requests, items) = (run.asked.len(), &run.told.items);
                let label = format!("{}, {profile:?}, seed {seed}", case.label());
                assert!((1..=20).contains(&requests), "{label}: {requests} requests");
                // Every decision is visible: who asked again has told so.
                let told = items
                    .iter()
                    .filter(|item| item.get("reconnecting").is_some());
                assert!((requests - 1..=requests).contains(&told.count()), "{label}");
            }
        }
    }
    assert!(storms >= 3, "the storms are missing");
}
