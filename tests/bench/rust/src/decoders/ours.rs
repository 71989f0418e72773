//! eventwire's decoder.

use eventwire::Decoder;

use super::Tally;

const VALID: &str = "the workloads are within the default limits";

pub(super) fn borrowed(input: &'static [u8], chunk: usize) -> Option<Tally> {
    let mut tally = Tally::default();
    let mut decoder = Decoder::new();
    for chunk in input.chunks(chunk) {
        let mut items = decoder.feed(chunk);
        while let Some(event) = items.next_event().expect(VALID) {
            tally.add(event.event(), event.data(), event.id());
        }
    }
    Some(tally)
}

pub(super) fn owned(input: &'static [u8], chunk: usize) -> Option<Tally> {
    let mut tally = Tally::default();
    let mut decoder = Decoder::new();
    for chunk in input.chunks(chunk) {
        let mut items = decoder.feed(chunk);
        while let Some(event) = items.next_owned().expect(VALID) {
            tally.add(event.event(), event.data(), event.id());
        }
    }
    Some(tally)
}
