//! What is to be measured: the file that xtask writes for the runners of all languages.

use std::fs;

use serde_json::Value;

/// A number of rounds over some workloads.
#[derive(Debug)]
pub struct Plan {
    /// How often each decoder is timed, after one run that is not.
    pub rounds: usize,
    /// The streams to decode.
    pub workloads: Vec<Workload>,
    /// `None` leaves it out.
    pub long_line: Option<LongLine>,
}

/// One line as large as a workload.
#[derive(Clone, Copy, Debug)]
pub struct LongLine {
    /// Its bytes.
    pub bytes: usize,
    /// How many calls are timed for the cost of one.
    pub calls: usize,
}

/// A stream, and the chunks that it is cut into.
#[derive(Debug)]
pub struct Workload {
    /// Its name in the results.
    pub name: String,
    /// The bytes. They live as long as the program, so that a `Bytes` of them costs no count of references.
    pub bytes: &'static [u8],
    /// Chunk sizes.
    pub chunks: Vec<usize>,
}

impl Plan {
    /// Reads a plan, and the streams that it names.
    ///
    /// # Panics
    ///
    /// Where the plan or a stream cannot be read: xtask has just written both.
    pub fn read(path: &str) -> Plan {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let plan: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        Plan {
            rounds: number(&plan["rounds"]),
            workloads: list(&plan["workloads"]).iter().map(workload).collect(),
            long_line: plan["long_line"].as_object().map(|line| LongLine {
                bytes: number(&line["bytes"]),
                calls: number(&line["calls"]),
            }),
        }
    }
}

fn workload(value: &Value) -> Workload {
    let path = value["path"].as_str().expect("a workload has a path");
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    Workload {
        name: value["name"]
            .as_str()
            .expect("a workload has a name")
            .into(),
        bytes: bytes.leak(),
        chunks: list(&value["chunks"]).iter().map(number).collect(),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("the plan has a list here")
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("the plan has a number here") as usize
}
