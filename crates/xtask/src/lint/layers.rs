//! Who may know whom: the table of ARCHITECTURE.md, checked against what the crates depend on.

use anyhow::Result;
use serde_json::Value;

use crate::env::native;
use crate::sh::Shell;

/// Each crate with those of ours that it may depend on.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("eventwire-codec", &[]),
    ("eventwire-codec-fuzz", &["eventwire-codec"]),
    ("eventwire-client", &["eventwire-codec"]),
    ("eventwire-server", &["eventwire-codec"]),
    (
        "eventwire",
        &["eventwire-codec", "eventwire-client", "eventwire-server"],
    ),
    (
        "eventwire-bridge",
        &["eventwire-codec", "eventwire-client", "eventwire-server"],
    ),
    (
        "eventwire-cli",
        &["eventwire-codec", "eventwire-client", "eventwire-server"],
    ),
    ("eventwire-python", &["eventwire-bridge", "eventwire-cli"]),
    ("eventwire-node", &["eventwire-bridge", "eventwire-cli"]),
    ("eventwire-tests", &["eventwire"]),
    ("eventwire-bench", &["eventwire"]),
    ("eventwire-bench-fan-out", &["eventwire"]),
    ("eventwire-examples", &["eventwire"]),
    ("xtask", &[]),
];

/// What only a crate's tests may know beyond that, and why: crate, what it uses, reason. Empty, and better kept so.
const TESTS_MAY_KNOW: &[(&str, &str, &str)] = &[];

/// Crates of other languages' runtimes, and the only crates that may know them.
const RUNTIMES: &[(&str, &str)] = &[
    ("pyo3", "eventwire-python"),
    ("napi", "eventwire-node"),
    ("napi-derive", "eventwire-node"),
];

/// Returns what is wrong, a line each.
pub(super) fn check(shell: &Shell) -> Result<Vec<String>> {
    let mut metadata = native::metadata(shell)?;
    let mut bench = native::metadata_of(shell, native::BENCH_MANIFEST)?;
    // As one workspace, so that the names of the one are known in the other.
    if let (Some(packages), Some(more)) = (
        metadata["packages"].as_array_mut(),
        bench["packages"].as_array_mut(),
    ) {
        packages.append(more);
    }
    Ok(judge(&metadata))
}

fn judge(metadata: &Value) -> Vec<String> {
    let packages = || metadata["packages"].as_array().into_iter().flatten();
    let ours: Vec<&str> = packages()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, may_know)) = MAY_KNOW.iter().find(|(of, _)| *of == name) else {
            wrong.push(format!("{name} is not in the table: say in crates/xtask/src/lint/layers.rs whom it may know"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let other = dependency["name"].as_str().unwrap_or_default();
            let kind = dependency["kind"].as_str().unwrap_or("normal");
            let for_tests = TESTS_MAY_KNOW
                .iter()
                .any(|(of, what, _)| (*of, *what) == (name, other));
            let is_allowed = match RUNTIMES.iter().find(|(runtime, _)| *runtime == other) {
                Some((_, only)) => *only == name,
                None => {
                    !ours.contains(&other)
                        || may_know.contains(&other)
                        || (kind == "dev" && for_tests)
                }
            };
            if !is_allowed {
                wrong.push(format!("{name} must not know {other} ({kind} dependency)"));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Value {
        let dependencies: Vec<Value> = dependencies
            .iter()
            .map(|(name, kind)| json!({"name": name, "kind": kind}))
            .collect();
        json!({"name": name, "dependencies": dependencies})
    }

    fn judge_all(packages: &[Value]) -> Vec<String> {
        judge(&json!({"packages": packages}))
    }

    #[test]
    fn what_the_table_allows_passes() {
        let wrong = judge_all(&[
            package(
                "eventwire-codec",
                &[("memchr", None), ("proptest", Some("dev"))],
            ),
            package("eventwire-client", &[("eventwire-codec", None)]),
            package(
                "eventwire-python",
                &[("eventwire-bridge", None), ("pyo3", None)],
            ),
            package("eventwire-bridge", &[]),
        ]);
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn the_client_and_the_server_do_not_know_each_other() {
        let wrong = judge_all(&[
            package("eventwire-client", &[("eventwire-server", None)]),
            package("eventwire-server", &[("eventwire-client", Some("dev"))]),
        ]);
        assert_eq!(
            wrong,
            [
                "eventwire-client must not know eventwire-server (normal dependency)",
                "eventwire-server must not know eventwire-client (dev dependency)"
            ]
        );
    }

    #[test]
    fn the_bridge_knows_no_python_and_no_javascript() {
        let wrong = judge_all(&[package(
            "eventwire-bridge",
            &[("pyo3", None), ("napi", None)],
        )]);
        assert_eq!(wrong.len(), 2);
    }

    #[test]
    fn a_new_crate_must_say_whom_it_may_know() {
        assert_eq!(judge_all(&[package("eventwire-extra", &[])]).len(), 1);
    }
}
