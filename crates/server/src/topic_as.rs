//! `topic_as=event`: an event names its topic in its type, for subscribers of many topics.

use crate::frame::Frame;

/// The frame with `topic` as its type, in place of its own. Its block begins at `body`, behind the id.
pub(crate) fn frame(bytes: &[u8], body: usize, topic: &str) -> Frame {
    let (id, block) = bytes.split_at(body);
    let rest = match block.strip_prefix(b"event:") {
        // The type comes first in a block.
        Some(typed) => match typed.iter().position(|byte| *byte == b'\n') {
            Some(end) => &typed[end + 1..],
            None => typed,
        },
        None => block,
    };
    // No name of a topic can end its line, as none has a control character.
    Frame::new(&[id, b"event: ", topic.as_bytes(), b"\n", rest].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_becomes_the_topic() {
        for (bytes, body, expected) in [
            ("id: x\ndata: 1\n\n", 6, "id: x\nevent: a/b\ndata: 1\n\n"),
            (
                "id: x\nevent: tick\ndata: 1\n\n",
                6,
                "id: x\nevent: a/b\ndata: 1\n\n",
            ),
            (
                "event: tick\ndata: event: x\n\n",
                0,
                "event: a/b\ndata: event: x\n\n",
            ),
            ("data:\n\n", 0, "event: a/b\ndata:\n\n"),
        ] {
            assert_eq!(frame(bytes.as_bytes(), body, "a/b").plain(), expected);
        }
    }
}
