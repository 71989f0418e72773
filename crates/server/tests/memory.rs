//! Memory, counted: what a request may make a hub hold.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::task::{Context, Poll, Waker};

use eventwire_server::{Access, Denied, Head, HttpOptions, Hub, Identity, Reply};
use http::{HeaderValue, Method, StatusCode, header};

/// Counts what a thread allocates: every test runs in a thread of its own.
///
/// A buffer that grows counts as what it has grown to. That is what it costs: the system moves large ones by mapping their
/// pages elsewhere, and not by holding them twice.
struct Counting;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn count(freed: usize, allocated: usize) {
    // Not there any more while a thread ends, when nothing is measured.
    let _ = LIVE.try_with(|live| {
        live.set(live.get().wrapping_sub(freed).wrapping_add(allocated));
        // What was allocated before the measuring began, and is freed within it, may take it below zero.
        let now = live.get() as isize;
        PEAK.with(|peak| peak.set(peak.get().max(now.max(0) as usize)));
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

/// Runs it: the most that was allocated meanwhile beyond what was there before.
fn measured<T>(run: impl FnOnce() -> T) -> (T, usize) {
    LIVE.set(0);
    PEAK.set(0);
    let out = run();
    (out, PEAK.get())
}

const BODY: usize = 4 << 20;

/// Everything in the one call, so that it is this thread's.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(out) => out,
        Poll::Pending => panic!("nothing is to be waited for"),
    }
}

fn post(hub: &Hub, body: String) -> Reply {
    let mut head = Head::get("/events");
    head.method = Method::POST;
    let json = HeaderValue::from_static("application/json");
    head.headers.insert(header::CONTENT_TYPE, json);
    let nobody = |_: Access| async { Err::<Identity, _>(Denied(StatusCode::UNAUTHORIZED)) };
    let endpoint = hub.endpoint(HttpOptions::new().authorizer(nobody));
    at_once(endpoint.respond(head, body))
}

#[test]
fn a_body_takes_a_few_times_its_size_at_most_whatever_is_in_it() {
    let hub = Hub::new();
    let list = |part: &str| vec![part; BODY / (part.len() + 1)].join(",");
    let topics = |part: &str| format!(r#"{{"topic":[{}],"data":"x"}}"#, list(part));
    let many = format!(
        r#"{{"topic":[{}],"data":"x"}}"#,
        vec![r#""a""#; 1000].join(",")
    );
    for (what, body, status) in [
        ("numbers", format!("[{}]", list("0")), 413),
        ("empty objects", format!("[{}]", list("{}")), 413),
        ("an array in an array", format!("[[{}]]", list("[]")), 400),
        (
            "an unknown field",
            format!(r#"{{"x":[{}]}}"#, list("{}")),
            400,
        ),
        ("one event of many topics", topics(r#""a""#), 400),
        (
            "a thousand events of a thousand topics",
            format!("[{}]", vec![many; 1000].join(",")),
            401,
        ),
    ] {
        let size = body.len();
        let (reply, peak) = measured(|| post(&hub, body));
        assert_eq!(reply.status.as_u16(), status, "{what}");
        // A name of one letter is a string of its own: 32 bytes of four.
        assert!(peak <= 12 * size, "{what}: {peak} bytes for {size}");
        assert!(
            status != 413 || peak <= 2 * size,
            "{what}: {peak} bytes for {size}"
        );
    }
}
