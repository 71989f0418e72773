//! Test files and report files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// All files below a folder whose names a rule takes, in order. A folder that is not there has none.
pub(crate) fn files(folder: &Path, takes: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if path.is_dir() {
            if name != "node_modules" && !name.starts_with('.') {
                found.extend(files(&path, takes));
            }
        } else if takes(&name) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Makes the folder of a report and removes the last run's: a runner that dies must not be counted by it.
pub(crate) fn new_report(report: &Path) -> Result<()> {
    if let Some(folder) = report.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    if report.exists() {
        fs::remove_file(report).with_context(|| format!("cannot remove {}", report.display()))?;
    }
    Ok(())
}
