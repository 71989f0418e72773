//! What a decoder says of a stream, in the words of the oracle.

use eventwire_codec::{Decoder, Item};

use crate::oracle::Told;

/// Feeds a chunk and adds what the decoder says of it.
pub(crate) fn feed(decoder: &mut Decoder, chunk: &[u8], told: &mut Told) {
    let mut items = decoder.feed(chunk);
    loop {
        match items.next() {
            Ok(Some(item)) => told.items.push(line(item)),
            Ok(None) => break,
            Err(error) => {
                assert_eq!(items.next(), Err(error), "an error stays");
                told.error = Some(error.limit());
                break;
            }
        }
    }
    drop(items);
    told.last_event_id = decoder.last_event_id().to_owned();
    told.reconnection_time = decoder.reconnection_time();
}

/// Feeds a stream in the chunks that it is given in.
pub(crate) fn all<'a>(decoder: &mut Decoder, chunks: impl Iterator<Item = &'a [u8]>) -> Told {
    let mut told = Told::default();
    // Says how things stand where there are no chunks.
    feed(decoder, b"", &mut told);
    for chunk in chunks {
        feed(decoder, chunk, &mut told);
    }
    told
}

fn line(item: Item<'_>) -> String {
    match item {
        Item::Event(event) => {
            let owned = event.to_event();
            // The owned form has to say the same.
            assert_eq!(
                (owned.event(), owned.data(), owned.id(), owned.retry()),
                (event.event(), event.data(), event.id(), None)
            );
            format!(
                "event {:?} {:?} {:?}",
                event.event(),
                event.data(),
                event.id()
            )
        }
        Item::Comment(text) => format!("comment {text:?}"),
        Item::Retry(time) => format!("retry {time}"),
        other => panic!("{other:?} is not known here"),
    }
}
