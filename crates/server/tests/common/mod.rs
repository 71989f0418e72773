//! A store of the tests' own: it keeps everything, takes its time, and fails when it is told to.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use eventwire_server::store::{
    Appended, Batch, Epoch, NewEvent, Newest, Opened, Page, Query, Store, StoreError, StoreFuture,
    StoredRecord, Window,
};

/// How the next batch fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "not every test file has every failure")]
pub(crate) enum Failing {
    NotStored,
    UnknownStored,
    UnknownLost,
    Panic,
    /// It does its work, and says nothing.
    SilentlyStored,
}

/// How long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Slow,
    Yield,
    Stuck,
}

const DELAY: Duration = Duration::from_millis(100);

#[derive(Debug)]
struct Kept {
    epoch: Epoch,
    records: Vec<StoredRecord>,
    keys: Vec<(String, u64)>,
    /// What has a lower offset is held no more.
    first: u64,
    batches: Vec<usize>,
    fail: Option<Failing>,
    reads_fail: bool,
    opens_at_once: bool,
    pace: Pace,
    /// How many records a page has at most.
    page: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct SlowStore(Arc<Mutex<Kept>>);

#[allow(dead_code, reason = "not every test file needs every knob")]
impl SlowStore {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Kept {
            epoch: Epoch::random(),
            records: Vec::new(),
            keys: Vec::new(),
            first: 1,
            batches: Vec::new(),
            fail: None,
            reads_fail: false,
            opens_at_once: false,
            pace: Pace::Slow,
            page: 3,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap()
    }

    pub(crate) fn delay(&self) -> Duration {
        DELAY
    }

    /// The sizes of the batches that it was given.
    pub(crate) fn batches(&self) -> Vec<usize> {
        self.lock().batches.clone()
    }

    pub(crate) fn fail_next(&self, how: Failing) {
        self.lock().fail = Some(how);
    }

    pub(crate) fn fail_reads(&self, fail: bool) {
        self.lock().reads_fail = fail;
    }

    pub(crate) fn open_at_once(&self) {
        self.lock().opens_at_once = true;
    }

    /// It lets others run, and needs no clock.
    pub(crate) fn yield_only(&self) {
        self.lock().pace = Pace::Yield;
    }

    /// It answers nothing, until it is told that it may.
    pub(crate) fn stick(&self, stuck: bool) {
        self.lock().pace = if stuck { Pace::Stuck } else { Pace::Slow };
    }

    pub(crate) fn forget_up_to(&self, offset: u64) {
        let mut kept = self.lock();
        kept.first = kept.first.max(offset + 1);
    }
}

/// Takes its time.
async fn pause(store: &SlowStore) {
    let pace = || store.lock().pace;
    if pace() == Pace::Yield {
        return tokio::task::yield_now().await;
    }
    tokio::time::sleep(DELAY).await;
    while pace() == Pace::Stuck {
        tokio::time::sleep(DELAY).await;
    }
}

impl Kept {
    fn append(&mut self, event: &NewEvent) -> Appended {
        if event.topics().iter().any(|topic| &**topic == "refused") {
            return Appended::Refused("no such topic is stored here".to_owned());
        }
        let known = event.key().and_then(|key| {
            let mut keys = self.keys.iter();
            keys.find(|(known, _)| **known == **key)
        });
        if let Some((_, offset)) = known.filter(|(_, offset)| *offset >= self.first) {
            let record = &self.records[*offset as usize - 1];
            let topics = record.topics().iter().map(|topic| &**topic);
            return if event.is_same(topics, record.block()) {
                Appended::Known(*offset)
            } else {
                Appended::Conflict(*offset)
            };
        }
        let offset = self.records.len() as u64 + 1;
        let record = self.record(offset, event);
        self.records.push(record);
        if let Some(key) = event.key() {
            self.keys.retain(|(known, _)| **known != **key);
            self.keys.push((key.to_string(), offset));
        }
        Appended::Stored(offset)
    }

    fn record(&self, offset: u64, event: &NewEvent) -> StoredRecord {
        let block = Bytes::copy_from_slice(event.block());
        StoredRecord::new(offset, event.topics().iter().cloned(), block).key(event.key().cloned())
    }

    fn read(&self, query: &Query) -> Page {
        let wants = |record: &&StoredRecord| {
            record.offset() > query.after()
                && query.wants(record.topics().iter().map(|topic| &**topic))
        };
        let last = self.records.len() as u64;
        let held = self.records.iter().filter(wants);
        let mut held = held.filter(|record| record.offset() >= self.first);
        let mut page: Vec<StoredRecord> = Vec::new();
        let mut bytes = 0;
        for record in held.by_ref() {
            bytes += record.block().len();
            page.push(record.clone());
            if page.len() == self.page || bytes >= query.max_bytes() {
                break;
            }
        }
        let cursor = match (held.next(), page.last()) {
            (Some(_), Some(record)) => record.offset(),
            _ => last,
        };
        let lost = self.records.iter().filter(wants);
        let lost = lost.clone().any(|record| record.offset() < self.first);
        Page::new(page, cursor, lost)
    }
}

impl Kept {
    fn newest(&self, newest: &Newest) -> Option<u64> {
        let wants = |record: &&StoredRecord| {
            (self.first..=newest.up_to()).contains(&record.offset())
                && newest.wants(record.topics().iter().map(|topic| &**topic))
        };
        let held = self.records.iter().rev().filter(wants);
        held.take(newest.count()).last().map(StoredRecord::offset)
    }
}

impl Store for SlowStore {
    fn open(&self, window: Window) -> StoreFuture<Opened> {
        let store = self.clone();
        let open = move || {
            let kept = store.lock();
            if kept.reads_fail {
                return Err(StoreError::not_stored("the disk is gone"));
            }
            let last = kept.records.len() as u64;
            let held = &kept.records[(kept.first - 1).min(last) as usize..];
            let newest = held[held.len().saturating_sub(window.max_events)..].to_vec();
            Ok(Opened::log(kept.epoch, last, newest))
        };
        if self.lock().opens_at_once {
            return StoreFuture::ready(open());
        }
        let store = self.clone();
        StoreFuture::new(async move {
            pause(&store).await;
            open()
        })
    }

    fn append(&self, batch: Batch) -> StoreFuture<Vec<Appended>> {
        let store = self.clone();
        let fail = {
            let mut kept = self.lock();
            kept.batches.push(batch.len());
            kept.fail.take()
        };
        StoreFuture::new(async move {
            pause(&store).await;
            match fail {
                Some(Failing::NotStored) => {
                    return Err(StoreError::not_stored("the disk is full"));
                }
                Some(Failing::UnknownLost) => return Err(StoreError::unknown("no answer")),
                Some(Failing::Panic) => panic!("as the test wants it"),
                Some(Failing::UnknownStored | Failing::SilentlyStored) | None => {}
            }
            let appended = batch
                .iter()
                .map(|event| store.lock().append(event))
                .collect();
            match fail {
                None => Ok(appended),
                Some(Failing::SilentlyStored) => std::future::pending().await,
                Some(_) => Err(StoreError::unknown("no answer")),
            }
        })
    }

    fn read(&self, query: Query) -> StoreFuture<Page> {
        let store = self.clone();
        StoreFuture::new(async move {
            pause(&store).await;
            let kept = store.lock();
            if kept.reads_fail {
                return Err(StoreError::not_stored("the disk is gone"));
            }
            Ok(kept.read(&query))
        })
    }

    fn newest(&self, newest: Newest) -> StoreFuture<Option<u64>> {
        let store = self.clone();
        StoreFuture::new(async move {
            pause(&store).await;
            let kept = store.lock();
            if kept.reads_fail {
                return Err(StoreError::not_stored("the disk is gone"));
            }
            Ok(kept.newest(&newest))
        })
    }
}
