//! How many bytes are allocated by this thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

/// Of this thread alone. What one thread allocates and another frees is counted wrongly; nothing here does that.
pub(crate) fn live() -> isize {
    LIVE.get()
}

fn count(bytes: usize, sign: isize) {
    // A thread that is ending may have no counter any more.
    let _ = LIVE.try_with(|live| live.set(live.get() + sign * bytes.cast_signed()));
}

#[allow(
    unsafe_code,
    reason = "an allocator is unsafe to call, and so to write"
)]
// SAFETY: the system's allocator does all; only the sizes are counted beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the caller's promise is handed on; all memory comes from the system's allocator.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::live;

    #[test]
    fn counts_what_is_held() {
        let before = live();
        let mut held = Vec::<u8>::with_capacity(1000);
        assert_eq!(live() - before, 1000);
        held.reserve_exact(3000);
        assert_eq!(live() - before, 3000);
        drop(held);
        assert_eq!(live(), before);
    }
}
