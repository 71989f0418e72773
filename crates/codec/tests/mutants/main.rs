//! Mutants: for every rule of the stream a decoder that gets it wrong, which at least one fixture about that rule must fail.
//!
//! So a fixture that no longer says what it should, or a rule that nothing looks at any more, shows here. `fault.rs` lists
//! the faults, `slow.rs` is the decoder that they are put into, `encoder.rs` does the same for the encoder.
//!
//! Rows 23, 24, 25 and 27 of the rules are about connections (`close()`, reconnecting, the response's head, handlers): no
//! decoder can get them wrong. Their mutants are sessions, in `tests/rust/tests/client_fixtures`.
//!
//! `cargo test -p eventwire-codec --test mutants -- --nocapture` lists which fixtures fail each mutant.

use std::sync::LazyLock;

#[path = "../support/cases.rs"]
mod cases;

mod block;
mod dispatch;
mod encoder;
mod fault;
mod fields;
mod retry;
mod size;
mod slow;
mod utf8;

use self::cases::{Case, Chunking, Decode, Encode, Test};
use self::fault::{FAULTS, Fault};

static CASES: LazyLock<Vec<Case>> = LazyLock::new(cases::all);

#[test]
fn without_a_fault_every_case_passes() {
    let mut run = 0;
    for case in CASES.iter() {
        match &case.test {
            Test::Decode(test) => {
                for chunking in Chunking::all(&test.streams) {
                    let told = decode(test, chunking, None);
                    assert_eq!(told.as_ref(), Some(&test.expect), "{case}, {chunking:?}");
                }
            }
            Test::Encode(block) => assert_eq!(encoder::encode(block, None), block.expect, "{case}"),
        }
        run += 1;
    }
    assert!(run > 0, "no fixtures were found");
}

fn decode(test: &Decode, chunking: Chunking, fault: Option<Fault>) -> Option<cases::Told> {
    let chunks = |number: usize| {
        let chunks = chunking.of(number, &test.streams[number]);
        chunks.into_iter().map(<[u8]>::to_vec).collect()
    };
    slow::decode(test, &chunks, fault)
}

/// The cases that fail with this fault, in the first so many of the chunkings.
fn killers(fault: Fault, chunkings: usize) -> Vec<&'static Case> {
    let fails = |case: &&Case| {
        let Test::Decode(test) = &case.test else {
            return false;
        };
        let mut chunkings = Chunking::all(&test.streams).take(chunkings);
        chunkings.any(|chunking| decode(test, chunking, Some(fault)).as_ref() != Some(&test.expect))
    };
    CASES.iter().filter(fails).collect()
}

/// Every mutant of this row must fail a case that says that it is about this row.
fn row(number: u64) {
    let faults: Vec<_> = FAULTS.iter().filter(|(row, ..)| *row == number).collect();
    assert!(!faults.is_empty(), "no mutant gets rule {number} wrong");
    let about = |cases: &[&Case]| {
        cases
            .iter()
            .filter(|case| case.rows.contains(&number))
            .count()
    };
    let mut alive = Vec::new();
    for (_, fault, what) in faults {
        // Whole, byte by byte and with empty chunks; at every split only where these do not suffice, for the sake of time.
        let mut cases = killers(*fault, 3);
        if about(&cases) == 0 {
            cases = killers(*fault, usize::MAX);
        }
        let names: Vec<_> = cases.iter().map(|case| case.name.as_str()).collect();
        println!(
            "row {number}, {fault:?} ({what}): {} fixtures fail, {} of them about the row: {}",
            cases.len(),
            about(&cases),
            names.join("; ")
        );
        if about(&cases) == 0 {
            alive.push(format!("{fault:?} ({what})"));
        }
    }
    assert!(
        alive.is_empty(),
        "no fixture about rule {number} fails where it is got wrong like this: {}",
        alive.join(", ")
    );
}

/// A test for each row, so that they run at once and a failure names its row.
macro_rules! rows {
    ($($name:ident $number:literal,)+) => {
        $(#[test] fn $name() { row($number); })+

        #[test]
        fn every_row_with_mutants_has_its_test() {
            for (row, ..) in FAULTS {
                assert!([$($number),+].contains(row), "no test is about rule {row}");
            }
        }
    };
}

rows! {
    row_1_exactly_one_bom_is_skipped 1,
    row_2_cr_lf_and_crlf_end_a_line 2,
    row_3_nothing_else_ends_a_line 3,
    row_4_one_leading_space_is_stripped 4,
    row_5_a_line_without_a_colon_has_an_empty_value 5,
    row_6_field_names_are_literal 6,
    row_7_data_lines_are_joined_by_lf 7,
    row_8_a_blank_line_without_data_dispatches_nothing 8,
    row_9_the_last_type_of_a_block_wins 9,
    row_10_an_id_with_nul_is_ignored 10,
    row_11_the_id_is_sticky 11,
    row_12_the_id_is_committed_at_the_blank_line 12,
    row_13_the_id_is_committed_without_data 13,
    row_14_an_empty_id_resets 14,
    row_15_the_last_event_id_is_carried_over 15,
    row_16_an_id_is_utf8 16,
    row_17_retry_is_ascii_digits 17,
    row_18_retry_saturates 18,
    row_19_what_is_unfinished_is_dropped 19,
    row_20_invalid_utf8_becomes_u_fffd 20,
    row_21_it_is_always_utf8 21,
    row_22_nul_in_data_is_kept 22,
    row_26_time_is_linear_and_memory_bounded 26,
}

#[test]
fn every_mutant_of_the_encoder_fails_a_case() {
    let fails = |block: &Encode, fault| encoder::encode(block, Some(fault)) != block.expect;
    let mut alive = Vec::new();
    for (fault, what) in encoder::FAULTS {
        let mut killers = Vec::new();
        for case in CASES.iter() {
            if let Test::Encode(block) = &case.test
                && fails(block, *fault)
            {
                killers.push(case.name.as_str());
            }
        }
        println!(
            "encoder, {fault:?} ({what}): {} fixtures fail: {}",
            killers.len(),
            killers.join("; ")
        );
        if killers.is_empty() {
            alive.push(format!("{fault:?} ({what})"));
        }
    }
    assert!(
        alive.is_empty(),
        "no fixture fails with these faults: {}",
        alive.join(", ")
    );
}
