//! Ending a program together with all that it started.

use std::process::{Child, Command, Stdio};

/// Ends a program that hangs, and everything that it started: a test runner's children would outlive it.
pub(crate) fn kill_tree(child: &mut Child) {
    let family = family(child.id());
    let _ = child.kill();
    let _ = child.wait();
    for pid in &family[1..] {
        let _ = Command::new("kill")
            .arg("-9")
            .arg(pid.to_string())
            .stderr(Stdio::null())
            .status();
    }
}

/// A process, and all that it started, and that those started.
pub(crate) fn family(first: u32) -> Vec<u32> {
    let mut family = vec![first];
    let parents = parents();
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(
            parents
                .iter()
                .filter(|(_, of)| *of == parent)
                .map(|(pid, _)| *pid),
        );
        next += 1;
    }
    family
}

/// Every process with its parent, where the system has /proc.
fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let stat = |entry: std::fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // "pid (name) state parent ...": the name may hold anything, so count from its last parenthesis.
        let parent = stat
            .rsplit_once(')')?
            .1
            .split_whitespace()
            .nth(1)?
            .parse()
            .ok()?;
        Some((pid, parent))
    };
    entries.flatten().filter_map(stat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_children_of_a_program_end_with_it() {
        use std::io::{BufRead, BufReader};

        let mut shell = Command::new("sh")
            .args(["-c", "sleep 600 & echo $!; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let sleeper: u32 = line.trim().parse().unwrap();
        assert!(parents().contains(&(sleeper, shell.id())));
        kill_tree(&mut shell);
        // Gone, or a zombie that waits for whoever inherited it; a signal takes its time.
        let is_alive = || {
            let stat = std::fs::read_to_string(format!("/proc/{sleeper}/stat"));
            stat.is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
        };
        for _ in 0..1000 {
            if !is_alive() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("{sleeper} is still alive");
    }

    #[test]
    fn the_process_table_knows_us() {
        let known = parents();
        assert!(known.is_empty() || known.iter().any(|(pid, _)| *pid == std::process::id()));
    }
}
