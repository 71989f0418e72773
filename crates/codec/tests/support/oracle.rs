//! "9.2.6 Interpreting an event stream", read slowly: what the standard's text says and nothing clever.
//!
//! It decodes the whole stream, splits it, and interprets line after line. Its limits are counted byte by
//! byte. The property tests and the fuzz targets (`crates/codec/fuzz`) hold the decoder to it.

use eventwire_codec::{Limit, MAX_RETRY};

const BOM: &[u8] = b"\xEF\xBB\xBF";

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) items: Vec<String>,
    pub(crate) last_event_id: String,
    pub(crate) reconnection_time: Option<u64>,
    pub(crate) error: Option<Limit>,
}

/// "9.2.6 Interpreting an event stream", for valid streams of any bytes.
pub(crate) fn oracle(stream: &[u8], max_line: usize, max_event: usize) -> Told {
    let within = within_limits(stream, max_line, max_event);
    let (stream, error) = match within {
        Ok(()) => (stream, None),
        // What follows the byte that hit the limit is not read; its own line has no end then.
        Err((at, limit)) => (&stream[..at], Some(limit)),
    };
    let text = String::from_utf8_lossy(stream).into_owned();
    let text = match stream.starts_with(BOM) {
        true => &text[3..],
        false => &text,
    };
    let mut told = Told {
        error,
        ..Told::default()
    };
    let (mut data, mut event, mut id) = (String::new(), String::new(), String::new());
    for line in lines(text) {
        if line.is_empty() {
            told.last_event_id.clone_from(&id);
            if !data.is_empty() {
                data.pop();
                let event = if event.is_empty() { "message" } else { &event };
                told.items.push(format!("event {event:?} {data:?} {id:?}"));
            }
            data.clear();
            event.clear();
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" if line.starts_with(':') => told.items.push(format!("comment {value:?}")),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            "event" => event = value.to_owned(),
            "id" if !value.contains('\0') => id = value.to_owned(),
            "retry" if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
                let time = value.parse::<u128>().unwrap_or(u128::MAX);
                let time = u64::try_from(time).unwrap_or(u64::MAX).min(MAX_RETRY);
                told.reconnection_time = Some(time);
                told.items.push(format!("retry {time}"));
            }
            _ => {}
        }
    }
    told
}

/// The lines that have an end.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\r', '\n']) {
        lines.push(&rest[..end]);
        let crlf = rest[end..].starts_with("\r\n");
        rest = &rest[end + if crlf { 2 } else { 1 }..];
    }
    lines
}

/// The number of bytes before the one that goes beyond a limit, by looking at every prefix.
fn within_limits(stream: &[u8], max_line: usize, max_event: usize) -> Result<(), (usize, Limit)> {
    let skip = if stream.starts_with(BOM) { 3 } else { 0 };
    if BOM.starts_with(stream) {
        // It may yet become a BOM, which is no part of any line.
        return Ok(());
    }
    let (mut data, mut event, mut id) = (None, 0, 0);
    let mut line: &[u8] = b"";
    let mut start = skip;
    for at in skip..stream.len() {
        if matches!(stream[at], b'\r' | b'\n') {
            let lf_of_crlf = stream[at] == b'\n' && at > skip && stream[at - 1] == b'\r';
            if !lf_of_crlf {
                let (name, value) = split(line);
                match name {
                    b"" if line.is_empty() => (data, event, id) = (None, 0, 0),
                    b"data" => data = Some(data.map_or(0, |data: usize| data + 1) + value.len()),
                    b"event" => event = value.len(),
                    b"id" if !value.contains(&0) => id = value.len(),
                    _ => {}
                }
                // A line without a colon is known only now.
                if data.unwrap_or(0) + event + id > max_event {
                    return Err((at, Limit::Event));
                }
            }
            start = at + 1;
            line = b"";
            continue;
        }
        line = &stream[start..=at];
        if line.len() > max_line {
            return Err((at, Limit::Line));
        }
        if !line.contains(&b':') {
            continue;
        }
        let (name, value) = split(line);
        let held = match name {
            b"data" => data.map_or(0, |data| data + 1) + value.len() + event + id,
            b"event" => data.unwrap_or(0) + value.len() + id,
            b"id" => data.unwrap_or(0) + event + value.len(),
            _ => 0,
        };
        if held > max_event {
            return Err((at, Limit::Event));
        }
    }
    Ok(())
}

fn split(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|&byte| byte == b':') {
        Some(colon) => {
            let value = &line[colon + 1..];
            (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
        }
        None => (line, b""),
    }
}
