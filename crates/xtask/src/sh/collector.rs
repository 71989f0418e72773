//! What a program prints, collected on a thread of its own.

use std::io::{ErrorKind, PipeReader, Read, Write};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// Collects what a program prints, on a thread of its own.
pub(super) struct Collector {
    text: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl Collector {
    pub(super) fn start(mut reader: PipeReader, tee: bool) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let (done, ended) = mpsc::channel();
        let shared = Arc::clone(&text);
        thread::spawn(move || {
            let mut chunk = [0; 8192];
            loop {
                let count = match reader.read(&mut chunk) {
                    Ok(count @ 1..) => count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Ok(0) | Err(_) => break,
                };
                if tee {
                    let _ = std::io::stderr().write_all(&chunk[..count]);
                }
                if let Ok(mut text) = shared.lock() {
                    text.extend_from_slice(&chunk[..count]);
                }
            }
            let _ = done.send(());
        });
        Self { text, ended }
    }

    pub(super) fn last_line(&self) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = &text[text.len().saturating_sub(400)..];
        let tail = String::from_utf8_lossy(tail);
        tail.lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("")
            .to_owned()
    }

    pub(super) fn finish(self) -> String {
        // A process that outlives its parent keeps the pipe open; it must not hold us up for ever.
        let left_open = self.ended.recv_timeout(Duration::from_secs(5)).is_err();
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::from_utf8_lossy(&text).into_owned();
        if left_open {
            text.push_str(
                "\n(a process that this command started was still running after its end)\n",
            );
        }
        text
    }
}
