//! A hub in memory where one process is not all of the application.

use std::sync::atomic::{AtomicBool, Ordering};

/// The warning for a hub in memory that is one of several, which each language gives in its own way; None where this process
/// was given it before, by whichever thread. `evidence` is a half sentence: what shows that there are several.
pub fn several_processes(evidence: &str) -> Option<String> {
    static TOLD: AtomicBool = AtomicBool::new(false);
    (!TOLD.swap(true, Ordering::Relaxed)).then(|| {
        format!(
            "{evidence}, and each process that makes a Hub(\"memory:\") has one of its own: its subscribers get nothing of what is \
             published in another. Let one process hold and serve the hub (`eventwire serve`, or one worker), and publish to it \
             from the others by Publisher"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_once() {
        let told = several_processes("there are 4 workers").unwrap();
        assert!(
            told.starts_with("there are 4 workers, and each process"),
            "{told}"
        );
        assert_eq!(several_processes("there are 4 workers"), None);
    }
}
