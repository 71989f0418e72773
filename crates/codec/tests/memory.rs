//! Memory, counted: what a decoder holds while a line or an event still arrives, and when it gives it back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use eventwire_codec::{DEFAULT_MAX_LINE, Decoder, Limit};

/// Counts what a thread allocates: every test runs in a thread of its own.
///
/// A buffer that grows counts as what it has grown to. That is what it costs: the system moves large ones by mapping their
/// pages elsewhere, and not by holding them twice.
struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count(freed: usize, allocated: usize) {
    // Not there any more while a thread ends, when nothing is measured.
    let _ = LIVE.try_with(|live| {
        live.set(live.get().wrapping_sub(freed).wrapping_add(allocated));
        // What was allocated before the measuring began, and is freed within it, may take it below zero.
        let now = live.get() as isize;
        PEAK.with(|peak| peak.set(peak.get().max(now.max(0) as usize)));
        CALLS.with(|calls| calls.set(calls.get() + usize::from(allocated > 0)));
    });
}

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe by nature; this one passes everything on to the system's"
)]
// SAFETY: every call is the system allocator's own, with the caller's arguments; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(0, layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(layout.size(), 0);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(layout.size(), size);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs it: the most that was allocated meanwhile beyond what was there before, and in how many calls.
fn measured<T>(run: impl FnOnce() -> T) -> (T, usize, usize) {
    LIVE.set(0);
    PEAK.set(0);
    CALLS.set(0);
    let out = run();
    (out, PEAK.get(), CALLS.get())
}

const CHUNK: usize = 64;

/// Feeds `size` bytes of `fill` in small chunks, which complete nothing.
fn fill(decoder: &mut Decoder, fill: u8, size: usize) {
    let chunk = [fill; CHUNK];
    let mut left = size;
    while left > 0 {
        let some = left.min(CHUNK);
        assert_eq!(decoder.feed(&chunk[..some]).next(), Ok(None));
        left -= some;
    }
}

#[test]
fn a_long_line_in_small_chunks_costs_at_most_twice_its_event() {
    // At, below and above a power of two, where a buffer that doubles has the least and the most that it does not need.
    for size in [
        64_000_000,
        64 << 20,
        (64 << 20) + 1,
        48 << 20,
        (32 << 20) + 100,
    ] {
        let (len, peak, calls) = measured(|| {
            let mut decoder = Decoder::builder()
                .max_line(usize::MAX)
                .max_event(usize::MAX)
                .build();
            assert_eq!(decoder.feed(b"data: ").next(), Ok(None));
            fill(&mut decoder, b'x', size);
            let mut items = decoder.feed(b"\n\n");
            let event = items.next_event().unwrap().expect("an event");
            event.data().len()
        });
        assert_eq!(len, size);
        assert!(peak <= 2 * size, "{peak} bytes for an event of {size}");
        assert!(calls < 200, "{calls} allocations for an event of {size}");
    }
}

#[test]
fn a_long_line_that_is_not_valid_costs_its_bytes_and_its_text() {
    let size = 4 << 20;
    let ((), peak, _) = measured(|| {
        let mut decoder = Decoder::new();
        assert_eq!(decoder.feed(b"data: ").next(), Ok(None));
        fill(&mut decoder, 0xFF, size);
        let mut items = decoder.feed(b"\n\n");
        let event = items.next_event().unwrap().expect("an event");
        assert_eq!(event.data().len(), 3 * size);
    });
    // Twice the bytes, while they arrive; twice the text, which is built from them.
    assert!(peak <= 2 * size + 2 * 3 * size, "{peak} bytes for {size}");
}

#[test]
fn an_endless_line_stops_at_its_limit_whatever_it_is() {
    for start in [
        &b"data: "[..],
        b"event:",
        b"id: ",
        b"retry: ",
        b": ",
        b"unknown: ",
        b"d",
    ] {
        let (fed, peak, _) = measured(|| {
            let mut decoder = Decoder::builder().comments(true).build();
            assert_eq!(decoder.feed(start).next(), Ok(None));
            let mut fed = start.len();
            let error = loop {
                match decoder.feed(&[b'0'; CHUNK]).next() {
                    Ok(None) => fed += CHUNK,
                    Ok(Some(item)) => panic!("{item:?}"),
                    Err(error) => break error,
                }
            };
            assert_eq!(
                (error.limit(), error.max()),
                (Limit::Line, DEFAULT_MAX_LINE)
            );
            fed
        });
        assert!(fed <= DEFAULT_MAX_LINE, "{fed} bytes of a line were taken");
        assert!(peak <= 2 * DEFAULT_MAX_LINE, "{peak} bytes");
    }
}

#[test]
fn an_endless_event_stops_at_its_limit_whatever_its_lines_are() {
    const MAX_EVENT: usize = 1 << 20;
    for line in [
        &b"data\n"[..],
        b"data: x\n",
        b"data: 0123456789\r\n",
        b"data:\nid: 1\nevent: e\n",
    ] {
        let (fed, peak, _) = measured(|| {
            let mut decoder = Decoder::builder().max_event(MAX_EVENT).build();
            let chunk = line.repeat(1000);
            let mut fed = 0;
            let error = loop {
                match decoder.feed(&chunk).next() {
                    Ok(None) => fed += chunk.len(),
                    Ok(Some(item)) => panic!("{item:?}"),
                    Err(error) => break error,
                }
            };
            assert_eq!((error.limit(), error.max()), (Limit::Event, MAX_EVENT));
            fed
        });
        assert!(fed <= line.len() * MAX_EVENT, "{fed} bytes were taken");
        let chunk = line.len() * 1000;
        assert!(peak <= 2 * MAX_EVENT + chunk, "{peak} bytes");
    }
}

#[test]
fn what_is_ignored_is_not_kept() {
    let lines = [
        &b": a comment\nfoo: an unknown field\nbar\n\n"[..],
        b"retry: 1000\n\n",
        b"event: tick\nevent: tock\n\n",
        b"id: 1\nid: 2\n\n",
        b"\r\n\r\r\n\n",
    ];
    for line in lines {
        let ((), peak, _) = measured(|| {
            let mut decoder = Decoder::new();
            for _ in 0..20_000 {
                for chunk in line.chunks(3) {
                    assert_eq!(decoder.feed(chunk).next(), Ok(None));
                }
            }
        });
        assert!(peak < 1000, "{peak} bytes");
    }
}

#[test]
fn an_error_gives_its_memory_back_and_takes_no_more() {
    let mut decoder = Decoder::new();
    let ((), peak, _) = measured(|| {
        assert_eq!(decoder.feed(b"data: ").next(), Ok(None));
        fill(&mut decoder, b'x', DEFAULT_MAX_LINE - 6);
        assert!(decoder.feed(b"x").next().is_err());
        let held = LIVE.get();
        assert!(held <= 1 << 20, "{held} bytes are held behind an error");
        for _ in 0..10_000 {
            assert!(decoder.feed(&[b'x'; 1000]).next().is_err());
        }
        assert!(LIVE.get() <= held, "the error goes on to take memory");
    });
    assert!(peak <= 2 * DEFAULT_MAX_LINE, "{peak} bytes");
}

#[test]
fn events_that_lie_whole_in_their_chunks_allocate_nothing() {
    let chunk = b"id: 17\nevent: tick\ndata: {\"price\": 12}\n\n: ping\n\ndata: b\n\n".repeat(100);
    let mut decoder = Decoder::builder().comments(true).build();
    let (events, peak, _) = measured(|| {
        let mut events = 0;
        for _ in 0..100 {
            let mut items = decoder.feed(&chunk);
            while items.next().unwrap().is_some() {
                events += 1;
            }
        }
        events
    });
    assert_eq!(events, 30_000);
    // The last event ID is kept beyond its chunk.
    assert!(peak <= 64, "{peak} bytes");
}

#[test]
fn events_in_small_chunks_allocate_no_more_once_they_have_their_buffers() {
    let stream =
        b"id: 17\nevent: tick\ndata: {\"price\": 12}\ndata: \xFF\n\n: ping\n\n".repeat(100);
    let mut decoder = Decoder::builder().comments(true).build();
    let mut items = 0;
    let mut read = |decoder: &mut Decoder| {
        for chunk in stream.chunks(7) {
            let mut of_chunk = decoder.feed(chunk);
            while of_chunk.next().unwrap().is_some() {
                items += 1;
            }
        }
    };
    read(&mut decoder);
    let ((), peak, _) = measured(|| {
        for _ in 0..20 {
            read(&mut decoder);
        }
    });
    assert_eq!(items, 21 * 200);
    // What is not valid UTF-8 is decoded into a text of its own, again and again.
    assert!(peak <= 256, "{peak} bytes");
}
