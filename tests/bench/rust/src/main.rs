//! `codec measure PLAN RESULTS`: times what the plan says. `codec once DECODER STREAM CHUNK TIMES`: decodes a
//! stream so many times, for a tool that counts instructions or samples.

use std::hint::black_box;
use std::process::ExitCode;
use std::{env, fs};

use eventwire_bench::plan::Plan;
use eventwire_bench::{decoders, long_line, measure};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["measure", plan, results] => measure_all(&Plan::read(plan), results),
        ["once", decoder, stream, chunk, times] => {
            let number = |text: &str| text.parse().expect("a number");
            once(decoder, stream, number(chunk), number(times));
        }
        _ => {
            eprintln!("usage: codec measure PLAN RESULTS | codec once DECODER STREAM CHUNK TIMES");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure_all(plan: &Plan, results: &str) {
    let series = measure::workloads(plan);
    let long_line = plan
        .long_line
        .map(|line| long_line::measure(plan.rounds, line));
    let measured = json!({
        "versions": versions(),
        "series": series,
        "long_line": long_line,
    });
    fs::write(results, measured.to_string())
        .unwrap_or_else(|error| panic!("cannot write {results}: {error}"));
}

fn once(decoder: &str, stream: &str, chunk: usize, times: usize) {
    let decoder = decoders::ALL
        .iter()
        .find(|known| known.name == decoder)
        .unwrap_or_else(|| panic!("there is no decoder {decoder:?}"));
    let input = fs::read(stream).unwrap_or_else(|error| panic!("{stream}: {error}"));
    let input: &'static [u8] = input.leak();
    for _ in 0..times {
        black_box((decoder.run)(black_box(input), chunk));
    }
}

/// The versions that were built, of the lock file.
fn versions() -> Value {
    let lock = include_str!("../Cargo.lock");
    let version = |name: &str| {
        let package = lock
            .split("[[package]]")
            .find(|package| package.contains(&format!("name = \"{name}\"\n")))?;
        package.split("version = \"").nth(1)?.split('"').next()
    };
    let named = ["eventwire", "sse-stream", "sse-codec", "eventsource-stream"];
    named
        .iter()
        .map(|name| ((*name).to_owned(), json!(version(name))))
        .collect()
}
