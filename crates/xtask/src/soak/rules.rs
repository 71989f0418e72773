//! What must be true, and whether it was.

use std::fmt::Write as _;

/// A rule, and what was found.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) found: String,
    /// `None` where it is not judged: a figure for information, or one that nobody gave.
    pub(super) is_kept: Option<bool>,
}

impl Rule {
    pub(super) fn new(name: &str, found: String, is_kept: Option<bool>) -> Self {
        Self {
            name: name.to_owned(),
            found,
            is_kept,
        }
    }
}

/// All of them, a line each.
pub(super) fn table(rules: &[Rule]) -> String {
    let mut out = String::from("| rule | found | |\n|---|---|---|\n");
    for rule in rules {
        let verdict = match rule.is_kept {
            Some(true) => "kept",
            Some(false) => "**broken**",
            None => "not judged",
        };
        let _ = writeln!(out, "| {} | {} | {verdict} |", rule.name, rule.found.trim());
    }
    out
}
