//! The programs of the pages in `docs/`. CONTRIBUTING.md says how a page is written.
//!
//! The same reading of pages, for their other languages, is in `python/tests/pages.py` and `node/test/pages.mjs`. The build
//! script of this crate uses this file too: it makes the Rust programs part of `doc-program`.

use std::fs;
use std::path::{Path, PathBuf};

/// What is run; each runner takes those of its own language.
const LANGUAGES: [&str; 3] = ["python", "js", "rust"];
/// What is shown and not run.
const SHOWN: [&str; 1] = ["console"];

/// A block in one of the languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file's name, such as `decoding.md`.
    pub page: String,
    /// The line of the page that the block begins in.
    pub line: usize,
    /// `python`, `js` or `rust`.
    pub language: String,
    /// The text of the block.
    pub source: String,
    /// What a server is to answer to it, where it needs one.
    pub stream: Option<String>,
    /// What it is to print, where the page says so.
    pub output: Option<String>,
}

/// Where the pages are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// All programs in a language, page by page.
///
/// # Errors
///
/// Where the pages cannot be read, and where a page has a block that no test would run.
pub fn programs(language: &str) -> Result<Vec<Program>, String> {
    let folder = folder();
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|of| of == "md"));
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        found.extend(of_page(&name, &text)?);
    }
    found.retain(|program| program.language == language);
    Ok(found)
}

/// The programs of one page.
///
/// # Errors
///
/// Where it has a block that no test would run, or one without an end.
pub fn of_page(page: &str, text: &str) -> Result<Vec<Program>, String> {
    let (mut stream, mut output) = (None, None);
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let Some(kind) = line.trim().strip_prefix("```") else {
            continue;
        };
        let line = at + 1;
        let mut source = String::new();
        loop {
            match lines.next() {
                Some((_, inner)) if inner.trim() == "```" => break,
                Some((_, inner)) => source.extend([inner, "\n"]),
                None => return Err(format!("{page}:{line}: the block has no end")),
            }
        }
        match kind {
            "event-stream" => stream = Some(source),
            "output" => output = Some(source),
            kind if LANGUAGES.contains(&kind) => found.push(Program {
                page: page.to_owned(),
                line,
                language: kind.to_owned(),
                source,
                stream: stream.clone(),
                output: output.clone(),
            }),
            kind if SHOWN.contains(&kind) => {}
            kind => return Err(format!("{page}:{line}: no test runs a block of `{kind}`")),
        }
    }
    Ok(found)
}
