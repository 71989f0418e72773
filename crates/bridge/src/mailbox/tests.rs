//! The mailbox's promises: nothing lost, one wake per edge, bounds kept, a close that ends every wait.

use super::*;
use crate::packed::Kind;

fn push(mailbox: &Mailbox<()>, data: &str) -> Result<(), Refused> {
    mailbox.try_push(data.len(), |batch| batch.push_other(Kind::Comment, data))
}

#[cfg(not(loom))]
mod plain {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn listened(
        bound: usize,
    ) -> (
        Mailbox<()>,
        std::sync::Arc<AtomicUsize>,
        std::sync::Arc<Notifier>,
    ) {
        let wakes = std::sync::Arc::new(AtomicUsize::new(0));
        let count = wakes.clone();
        let notifier = Arc::new(Notifier::new(move || {
            count.fetch_add(1, Ordering::SeqCst);
        }));
        let mailbox = Mailbox::new(bound);
        mailbox.listen(notifier.clone(), 7);
        (mailbox, wakes, notifier)
    }

    #[test]
    fn one_wake_for_many_items_until_drained() {
        let (mailbox, wakes, notifier) = listened(1000);
        for _ in 0..5 {
            push(&mailbox, "x").unwrap();
        }
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
        assert_eq!(notifier.take(), [7]);
        assert_eq!(mailbox.drain().batch.len(), 5);
        push(&mailbox, "y").unwrap();
        assert_eq!(wakes.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn who_listens_late_is_told_at_once() {
        let mailbox = Mailbox::<()>::new(1000);
        push(&mailbox, "early").unwrap();
        let notifier = Arc::new(Notifier::new(|| {}));
        mailbox.listen(notifier.clone(), 3);
        assert_eq!(notifier.take(), [3]);
    }

    #[test]
    fn full_refuses_and_empty_takes_any_size() {
        let (mailbox, ..) = listened(10);
        push(&mailbox, &"x".repeat(1000)).unwrap();
        assert_eq!(push(&mailbox, "y"), Err(Refused::Full));
        assert_eq!(mailbox.drain().batch.len(), 1);
        push(&mailbox, "y").unwrap();
    }

    #[test]
    fn draining_wakes_the_producer() {
        let (mailbox, ..) = listened(10);
        push(&mailbox, "0123456789").unwrap();
        let woken = std::sync::Arc::new(Flag::default());
        let waker = Waker::from(woken.clone());
        let mut cx = Context::from_waker(&waker);
        assert_eq!(mailbox.poll_room(&mut cx), Poll::Pending);
        mailbox.drain();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
        assert_eq!(mailbox.poll_room(&mut cx), Poll::Ready(()));
    }

    #[test]
    fn items_before_the_end_come_with_it() {
        let (mailbox, wakes, _) = listened(1000);
        push(&mailbox, "last").unwrap();
        mailbox.finish(Err(()));
        mailbox.finish(Ok(()));
        let drained = mailbox.drain();
        assert_eq!((drained.batch.len(), drained.end), (1, Some(Err(()))));
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn closing_drops_what_is_there_refuses_what_comes_and_ends_waits() {
        let mailbox = std::sync::Arc::new(Mailbox::<()>::new(1000));
        let waiter = {
            let mailbox = mailbox.clone();
            // Far longer than the test may take: only the close can end it.
            std::thread::spawn(move || mailbox.wait(Duration::from_secs(3600)))
        };
        mailbox.close();
        assert_eq!(waiter.join().unwrap(), Waited::Ready);
        assert_eq!(push(&mailbox, "late"), Err(Refused::Closed));
        let drained = mailbox.drain();
        assert!(drained.batch.is_empty());
        assert_eq!(drained.end, Some(Ok(())));
    }

    #[derive(Default)]
    struct Flag(AtomicUsize);

    impl std::task::Wake for Flag {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Every interleaving, by loom: run with `RUSTFLAGS="--cfg loom"`, as `cargo xtask test rust` does.
#[cfg(loom)]
mod model {
    use loom::sync::Condvar as LoomCondvar;
    use loom::thread;

    use super::*;

    /// An event loop: sleeps until the notifier wakes it, then drains what is ready.
    struct Loop {
        woken: Mutex<bool>,
        wake: LoomCondvar,
    }

    impl Loop {
        fn notifier() -> (Arc<Self>, Arc<Notifier>) {
            let event_loop = Arc::new(Self {
                woken: Mutex::new(false),
                wake: LoomCondvar::new(),
            });
            let signal = event_loop.clone();
            let notifier = Arc::new(Notifier::new(move || {
                *lock(&signal.woken) = true;
                signal.wake.notify_one();
            }));
            (event_loop, notifier)
        }

        fn sleep(&self) {
            let mut woken = lock(&self.woken);
            while !std::mem::take(&mut *woken) {
                woken = self.wake.wait(woken).expect("loom locks are not poisoned");
            }
        }
    }

    #[test]
    fn a_consumer_that_sleeps_until_woken_gets_every_item_and_the_end() {
        loom::model(|| {
            let (event_loop, notifier) = Loop::notifier();
            let mailbox = Arc::new(Mailbox::<()>::new(1000));
            let producer = {
                let mailbox = mailbox.clone();
                thread::spawn(move || {
                    push(&mailbox, "a").unwrap();
                    push(&mailbox, "b").unwrap();
                    mailbox.finish(Ok(()));
                })
            };
            mailbox.listen(notifier.clone(), 1);
            let mut got = String::new();
            loop {
                event_loop.sleep();
                if notifier.take().is_empty() {
                    continue;
                }
                let drained = mailbox.drain();
                got.push_str(drained.batch.text());
                if drained.end.is_some() {
                    break;
                }
            }
            assert_eq!(got, "ab");
            producer.join().unwrap();
        });
    }

    #[test]
    fn a_close_from_a_third_thread_ends_producer_and_consumer() {
        loom::model(|| {
            let (event_loop, notifier) = Loop::notifier();
            let mailbox = Arc::new(Mailbox::<()>::new(1000));
            mailbox.listen(notifier.clone(), 1);
            let producer = {
                let mailbox = mailbox.clone();
                thread::spawn(move || push(&mailbox, "a"))
            };
            let closer = {
                let mailbox = mailbox.clone();
                thread::spawn(move || mailbox.close())
            };
            loop {
                event_loop.sleep();
                notifier.take();
                if mailbox.drain().end.is_some() {
                    break;
                }
            }
            closer.join().unwrap();
            let _ = producer.join().unwrap();
            assert_eq!(push(&mailbox, "late"), Err(Refused::Closed));
            assert!(mailbox.drain().batch.is_empty(), "nothing after the close");
        });
    }
}
