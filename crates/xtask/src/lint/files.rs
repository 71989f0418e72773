//! Nothing of one machine in what is committed.

use std::fs;

use anyhow::{Result, bail};

use crate::sh::Shell;

/// Where the machines of people and of CI keep their files. Joined from halves, so that this file passes its own check.
const FOLDERS: &[&str] = &[
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
];

/// The only source that a lock file may name: cargo's own name for its default registry.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

const LOCK_FILES: &[&str] = &["Cargo.lock", "package-lock.json", "requirements-dev.txt"];

/// Returns what is wrong, a line each.
pub(super) fn check(shell: &Shell) -> Result<Vec<String>> {
    let mut command = shell.command("git");
    // Also what is new and not ignored: it is about to be committed.
    command.args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]);
    let listed = shell.quiet(command)?;
    if !listed.ok {
        bail!("git ls-files: {}", listed.text.trim());
    }
    let mut wrong = Vec::new();
    for name in listed.text.split('\0').filter(|name| !name.is_empty()) {
        // Not text, or deleted but not yet committed so: nothing to read.
        let Ok(text) = fs::read_to_string(shell.path(name)) else {
            continue;
        };
        let is_lock_file = LOCK_FILES
            .iter()
            .any(|lock| name.rsplit('/').next() == Some(lock));
        for (at, line) in text.lines().enumerate() {
            if let Some(folder) = machine_path(line) {
                wrong.push(format!(
                    "{name}:{}: a path of one machine: {folder}",
                    at + 1
                ));
            }
            if is_lock_file && names_a_registry(line) {
                wrong.push(format!(
                    "{name}:{}: a lock file names a registry: {}",
                    at + 1,
                    line.trim()
                ));
            }
        }
    }
    Ok(wrong)
}

/// The folder that a line names, if it does: not as the middle of a longer path or of a URL.
fn machine_path(line: &str) -> Option<&'static str> {
    let starts_there = |at: usize| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| {
            c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '/' | '}' | ')' | '*' | '$')
        })
    };
    FOLDERS
        .iter()
        .copied()
        .find(|folder| line.match_indices(folder).any(|(at, _)| starts_there(at)))
}

/// Where packages are fetched from is the user's configuration, not ours. (A link to a sponsor's page is no registry.)
fn names_a_registry(line: &str) -> bool {
    let line = line.trim();
    let names = [
        "\"resolved\"",
        "source =",
        "--index-url",
        "--extra-index-url",
        "--find-links",
    ];
    names.iter().any(|name| line.starts_with(name))
        && line.contains("://")
        && !line.contains(CRATES_IO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_machine_are_found() {
        for folder in FOLDERS {
            assert_eq!(machine_path(&format!("cd \"{folder}x\"")), Some(*folder));
            assert_eq!(machine_path(&format!("{folder}x")), Some(*folder));
            assert_eq!(machine_path(&format!("https://example.com{folder}x")), None);
            assert_eq!(machine_path(&format!("../a{folder}x")), None);
        }
    }

    #[test]
    fn registries_in_lock_files_are_found() {
        assert!(names_a_registry(
            "      \"resolved\": \"https://npm.example/x.tgz\","
        ));
        assert!(names_a_registry(
            "source = \"registry+https://crates.example/index\""
        ));
        assert!(names_a_registry("--index-url https://pypi.example/simple"));
        assert!(!names_a_registry(&format!("source = \"{CRATES_IO}\"")));
        assert!(!names_a_registry("\"url\": \"https://sponsor.example/me\""));
    }
}
