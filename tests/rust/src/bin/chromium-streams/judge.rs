//! What our decoder makes of a session, beside what the browser did.

use std::collections::BTreeSet;
use std::fmt::Write;

use eventwire::Decoder;

use crate::generate::{Session, Stream, TYPES};
use crate::known;
use crate::page::{Outcome, Seen};
use crate::server::Request;

/// What a client is to dispatch and to send.
#[derive(Debug, Default, PartialEq, Eq)]
struct Story {
    /// The events of each connection.
    connections: Vec<Vec<Seen>>,
    /// The `Last-Event-ID` of each request.
    requests: Vec<Option<Vec<u8>>>,
}

/// Our own reading of it.
fn ours(session: &Session) -> Story {
    let mut decoder = Decoder::new();
    let mut story = Story::default();
    for stream in &session.connections {
        story.requests.push(header(decoder.last_event_id()));
        story.connections.push(events(&mut decoder, stream));
        decoder.reset();
    }
    if !session.closes {
        // The last request learns that there is no more.
        story.requests.push(header(decoder.last_event_id()));
    }
    story
}

fn events(decoder: &mut Decoder, stream: &Stream) -> Vec<Seen> {
    let mut events = Vec::new();
    for chunk in &stream.chunks {
        let mut items = decoder.feed(&chunk.bytes);
        while let Ok(Some(event)) = items.next_event() {
            events.push(Seen {
                event: event.event().to_owned(),
                data: event.data().to_owned(),
                id: event.id().to_owned(),
            });
        }
    }
    events
}

/// HTTP takes the spaces and tabs around a header's value away.
fn header(id: &str) -> Option<Vec<u8>> {
    let value = id.trim_matches([' ', '\t']);
    (!id.is_empty()).then(|| value.as_bytes().to_vec())
}

/// Every type that an event of the session could have, by our reading or by a careless one.
pub(crate) fn types(session: &Session) -> Vec<String> {
    let mut types: BTreeSet<String> = TYPES.iter().map(|&name| name.to_owned()).collect();
    types.extend(
        ours(session)
            .connections
            .into_iter()
            .flatten()
            .map(|seen| seen.event),
    );
    for stream in &session.connections {
        let bytes = stream.bytes();
        let text = String::from_utf8_lossy(&bytes);
        // Whatever may stand behind a colon, up to anything that someone may take for a line's end.
        let ends = [
            '\r', '\n', '\u{b}', '\u{c}', '\u{1c}', '\u{85}', '\u{2028}', '\u{2029}', '\0',
        ];
        for line in text.split(['\r', '\n']).chain(text.split(ends)) {
            if let Some((_, value)) = line.split_once(':').filter(|_| line.contains("event")) {
                types.extend(
                    [
                        value,
                        value.trim(),
                        value.strip_prefix(' ').unwrap_or(value),
                    ]
                    .map(str::to_owned),
                );
            }
        }
    }
    types.into_iter().collect()
}

/// How the two readings of a session compare.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    /// They differ just as it is known that Chromium does; here is where.
    Known(&'static str),
    /// They differ; here is how.
    Different(String),
}

pub(crate) fn judge(session: &Session, outcome: &Outcome, requests: &[Request]) -> Verdict {
    let theirs = Story {
        connections: outcome.connections.clone(),
        requests: requests
            .iter()
            .map(|request| request.last_event_id.clone())
            .collect(),
    };
    let ours = ours(session);
    let end = if session.closes { "closed" } else { "failed" };
    if outcome.end == end {
        if theirs.is_as(&ours) {
            return Verdict::Same;
        }
        if let Some((deviation, as_read)) = known::as_chromium_reads(session)
            && theirs.is_as(&self::ours(&as_read))
        {
            return Verdict::Known(deviation.name);
        }
    }
    let why = format!(
        "its EventSource {}, where it was to have {end}\n",
        outcome.end
    );
    Verdict::Different(why + &side_by_side(session, &theirs, &ours))
}

/// Each connection's chunks, and what both made of them.
fn side_by_side(session: &Session, theirs: &Story, ours: &Story) -> String {
    let mut text = String::new();
    let both = [("Chromium", theirs), ("ours    ", ours)];
    for (at, stream) in session.connections.iter().enumerate() {
        let _ = writeln!(text, "    connection {at}");
        for chunk in &stream.chunks {
            let _ = writeln!(text, "      chunk b\"{}\"", chunk.bytes.escape_ascii());
        }
        for (who, story) in both {
            let _ = writeln!(text, "      {who} sent {}", sent(story, at));
            for seen in story.connections.get(at).into_iter().flatten() {
                let _ = writeln!(text, "      {who} {seen:?}");
            }
        }
    }
    let _ = writeln!(text, "    at the end");
    for (who, story) in both {
        let _ = writeln!(
            text,
            "      {who} sent {}",
            sent(story, session.connections.len())
        );
    }
    text
}

fn sent(story: &Story, at: usize) -> String {
    match story.requests.get(at) {
        None => "no request".to_owned(),
        Some(None) => "no Last-Event-ID".to_owned(),
        Some(Some(id)) => format!("Last-Event-ID: b\"{}\"", id.escape_ascii()),
    }
}

impl Story {
    /// Chromium's story may have a last list more, of what came after the last connection had ended: nothing.
    fn is_as(&self, ours: &Story) -> bool {
        let Some((theirs, after)) = self.connections.split_at_checked(ours.connections.len())
        else {
            return false;
        };
        theirs == ours.connections
            && after.iter().all(Vec::is_empty)
            && self.requests == ours.requests
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::Chunk;

    fn session(streams: &[&[u8]], closes: bool) -> Session {
        let stream = |bytes: &&[u8]| Stream {
            chunks: bytes
                .chunks(3)
                .map(|bytes| Chunk {
                    bytes: bytes.to_vec(),
                    pause: 0,
                })
                .collect(),
        };
        Session {
            number: 7,
            connections: streams.iter().map(stream).collect(),
            closes,
        }
    }

    fn outcome(end: &str, connections: &[&[(&str, &str, &str)]]) -> Outcome {
        let seen = |&(event, data, id): &(&str, &str, &str)| Seen {
            event: event.to_owned(),
            data: data.to_owned(),
            id: id.to_owned(),
        };
        let connections = connections
            .iter()
            .map(|events| events.iter().map(seen).collect());
        Outcome {
            number: 7,
            end: end.to_owned(),
            connections: connections.collect(),
        }
    }

    fn requests(ids: &[Option<&str>]) -> Vec<Request> {
        let request = |id: &Option<&str>| Request {
            last_event_id: id.map(|id| id.as_bytes().to_vec()),
        };
        ids.iter().map(request).collect()
    }

    #[test]
    fn what_comes_back_is_held_to_its_events_and_to_its_last_event_id() {
        let session = session(
            &[b"id: 1\ndata: a\n\nid: 2", b"event: t\ndata: b\n\n"],
            false,
        );
        let both: [&[_]; 3] = [&[("message", "a", "1")], &[("t", "b", "1")], &[]];
        let told = outcome("failed", &both);
        let right = requests(&[None, Some("1"), Some("1")]);
        assert_eq!(judge(&session, &told, &right), Verdict::Same);

        let wrong = [
            requests(&[None, Some("2"), Some("1")]),
            requests(&[Some(""), Some("1"), Some("1")]),
            requests(&[None, Some("1")]),
        ];
        for wrong in wrong {
            assert!(
                matches!(judge(&session, &told, &wrong), Verdict::Different(_)),
                "{wrong:?}"
            );
        }
        let wrong = [
            outcome(
                "failed",
                &[&[("message", "a", "1")], &[("t", "b", "")], &[]],
            ),
            outcome(
                "failed",
                &[&[("message", "a", "1")], &[], &[("t", "b", "1")]],
            ),
            outcome("failed", &[&[("message", "a", "1")]]),
            outcome("timed out", &both),
        ];
        for wrong in wrong {
            assert!(
                matches!(judge(&session, &wrong, &right), Verdict::Different(_)),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_known_deviation_excuses_itself_alone() {
        let session = session(&[b"\xEF\xBB\xBF\ndata: a\n\ndata: b\n\n"], true);
        let told = outcome("closed", &[&[("message", "b", "")]]);
        let asked = requests(&[None]);
        assert!(matches!(judge(&session, &told, &asked), Verdict::Known(_)));
        let mended = outcome("closed", &[&[("message", "a", ""), ("message", "b", "")]]);
        assert_eq!(judge(&session, &mended, &asked), Verdict::Same);
        let wrong = outcome("closed", &[&[]]);
        assert!(matches!(
            judge(&session, &wrong, &asked),
            Verdict::Different(_)
        ));
    }

    #[test]
    fn a_difference_shows_the_bytes_and_both_readings() {
        let session = session(&[b"data: \xFF\n\n"], true);
        let Verdict::Different(why) =
            judge(&session, &outcome("closed", &[&[]]), &requests(&[None]))
        else {
            panic!("an event is missing");
        };
        assert!(
            why.contains(r"\xff") && why.contains("ours     Seen"),
            "{why}"
        );
    }
}
