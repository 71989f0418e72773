//! `memory BYTES`: the peak of live memory while one line of so many bytes is decoded, for each chunk size. A program of its
//! own: counting slows every allocation down.

#![allow(unsafe_code, reason = "an allocator is unsafe by its trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use eventwire_bench::long_line;
use serde_json::json;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with a count of what is live.
struct Counting;

fn grow(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(live, Relaxed);
}

// SAFETY: every call is passed on as it came; the counts touch no memory of the allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Counts as the larger one of the two: of blocks as large as these, glibc moves the pages, and holds nothing twice.
        grow(size.saturating_sub(layout.size()));
        LIVE.fetch_sub(layout.size().saturating_sub(size), Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() {
    let bytes = std::env::args()
        .nth(1)
        .and_then(|bytes| bytes.parse().ok())
        .expect("usage: memory BYTES");
    let input = long_line::input(bytes);
    let peaks = long_line::CHUNKS.map(|chunk| {
        let before = LIVE.load(Relaxed);
        PEAK.store(before, Relaxed);
        long_line::decode(&input, chunk);
        json!({"chunk": chunk, "peak": PEAK.load(Relaxed) - before})
    });
    println!("{}", json!(peaks));
}
