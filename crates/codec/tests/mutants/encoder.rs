//! The encoder once more, slow and clear, and what others get wrong in it.

use super::cases::{Encode, Refused};

macro_rules! faults {
    ($($fault:ident $why:literal,)+) => {
        /// One thing that an encoder gets wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault { $($fault,)+ }

        /// Every fault, and what it is.
        pub(crate) const FAULTS: &[(Fault, &str)] = &[$((Fault::$fault, $why),)+];
    };
}

faults! {
    IdWithLf "LF in an id injects a field: better-sse, actix-web-lab",
    IdWithCr "CR in an id injects a field: better-sse, actix-web-lab",
    IdWithNul "an id that every client ignores is written",
    EventWithLf "LF in a type injects a field: better-sse, actix-web-lab",
    EventWithCr "CR in a type injects a field: better-sse, actix-web-lab",
    EventWithNul "NUL in a type is written",
    SilentlyCleaned "CR, LF and NUL are taken out of an id and a type without a word",
    LastByteTold "the last bad byte is told, not the first",
    PositionInCharacters "its position counts characters",
    PositionInUtf16 "its position counts units of UTF-16",
    EventBeforeId "the type is looked at before the id",
    CommentWithLf "a comment's LF leaves its line: better-sse",
    CommentWithCr "a comment's CR leaves its line: better-sse",
    DataWithCr "a bare CR in data leaves its line: nchan",
    DataWithLf "LF in data leaves its line",
    CrlfIsTwo "a CRLF in data becomes two lines: axum",
    LfCrIsOne "LF CR in data becomes one line",
    FinalLineEndDropped "a line end at the end of data is lost: splitlines of Python",
    UnicodeLineEnds "U+2028, U+0085 and others separate lines: splitlines of Python",
    DataTrimmed "data is trimmed",
    NoSpace "no space behind the colon, so a leading space is lost",
    EmptyValueWithSpace "an empty value gets a space",
    EmptyDataLeftOut "empty data is taken for none",
    EmptyIdLeftOut "an empty id is taken for none",
    EmptyCommentLeftOut "an empty comment is taken for none",
    RetryZeroLeftOut "a retry of 0 is taken for none",
    RetryAsFloat "a large retry is written with an exponent",
    MessageWritten "the default type is written",
    TypeWithoutData "a type without data is written, which nobody dispatches",
    NothingWritten "nothing at all is written as a blank line",
    NoBlankLine "the blank line is missing",
    OtherOrder "data is written before the id",
    AsciiOnly "characters outside ASCII become question marks",
}

pub(crate) fn encode(block: &Encode, fault: Option<Fault>) -> Result<String, Refused> {
    let has = |this: Fault| fault == Some(this);
    let mut id = block.id.clone();
    let mut event = block.event.clone();
    if has(Fault::SilentlyCleaned) {
        for value in [&mut id, &mut event].into_iter().flatten() {
            value.retain(|c| !matches!(c, '\0' | '\r' | '\n'));
        }
    }
    let mut fields = [("id", &id), ("event", &event)];
    if has(Fault::EventBeforeId) {
        fields.reverse();
    }
    for (field, value) in fields {
        check(field, value.as_deref().unwrap_or(""), fault)?;
    }
    let refused = |field: &str| {
        Err(Refused {
            field: field.to_owned(),
            byte: None,
        })
    };
    if event.is_some() && block.data.is_none() && !has(Fault::TypeWithoutData) {
        return refused("event");
    }
    let nothing = block.comment.is_none() && block.retry.is_none() && id.is_none();
    if nothing && event.is_none() && block.data.is_none() && !has(Fault::NothingWritten) {
        return refused("block");
    }
    let given = |value: &Option<String>, empty_left_out: bool| {
        value
            .clone()
            .filter(|value| !value.is_empty() || !empty_left_out)
    };
    let mut lines = Vec::new();
    for line in split(
        given(&block.comment, has(Fault::EmptyCommentLeftOut)),
        "comment",
        fault,
    ) {
        lines.push(("", line));
    }
    if let Some(retry) = block
        .retry
        .filter(|&retry| retry > 0 || !has(Fault::RetryZeroLeftOut))
    {
        let float = has(Fault::RetryAsFloat) && retry > 1 << 40;
        lines.push((
            "retry",
            if float {
                format!("{:e}", retry as f64)
            } else {
                retry.to_string()
            },
        ));
    }
    if let Some(id) = given(&id, has(Fault::EmptyIdLeftOut)) {
        lines.push(("id", id));
    }
    if let Some(event) = event {
        let default = event.is_empty() || event == "message";
        if !default || has(Fault::MessageWritten) {
            lines.push(("event", event));
        }
    }
    for line in split(
        given(&block.data, has(Fault::EmptyDataLeftOut)),
        "data",
        fault,
    ) {
        lines.push(("data", line));
    }
    if has(Fault::OtherOrder) {
        lines.sort_by_key(|(name, _)| *name != "data");
    }
    let mut text = String::new();
    for (name, value) in lines {
        let space = match value.is_empty() {
            true => has(Fault::EmptyValueWithSpace),
            false => !has(Fault::NoSpace),
        };
        text += &format!("{name}:{}{value}\n", if space { " " } else { "" });
    }
    if !has(Fault::NoBlankLine) {
        text.push('\n');
    }
    if has(Fault::AsciiOnly) {
        text = text.replace(|c: char| !c.is_ascii(), "?");
    }
    Ok(text)
}

fn check(field: &str, value: &str, fault: Option<Fault>) -> Result<(), Refused> {
    let taken = match (field, fault) {
        ("id", Some(Fault::IdWithLf)) | ("event", Some(Fault::EventWithLf)) => '\n',
        ("id", Some(Fault::IdWithCr)) | ("event", Some(Fault::EventWithCr)) => '\r',
        ("id", Some(Fault::IdWithNul)) | ("event", Some(Fault::EventWithNul)) => '\0',
        _ => 'x',
    };
    let bad = |&(_, c): &(usize, char)| matches!(c, '\0' | '\r' | '\n') && c != taken;
    let found = match fault {
        Some(Fault::LastByteTold) => value.char_indices().rfind(bad),
        _ => value.char_indices().find(bad),
    };
    let Some((at, byte)) = found else {
        return Ok(());
    };
    let position = match fault {
        Some(Fault::PositionInCharacters) => value[..at].chars().count(),
        Some(Fault::PositionInUtf16) => value[..at].encode_utf16().count(),
        _ => at,
    };
    Err(Refused {
        field: field.to_owned(),
        byte: Some((byte as u8, position)),
    })
}

/// The lines of a value that may have several.
fn split(value: Option<String>, of: &str, fault: Option<Fault>) -> Vec<String> {
    let Some(value) = value else {
        return Vec::new();
    };
    let data = of == "data";
    let value = match fault {
        Some(Fault::DataTrimmed) if data => value.trim().to_owned(),
        Some(Fault::CrlfIsTwo) if data => value,
        Some(Fault::LfCrIsOne) if data => value.replace("\r\n", "\n").replace("\n\r", "\n"),
        _ => value.replace("\r\n", "\n"),
    };
    let ends: &[char] = match fault {
        Some(Fault::DataWithCr) if data => &['\n'],
        Some(Fault::DataWithLf) if data => &['\r'],
        Some(Fault::CommentWithCr) if !data => &['\n'],
        Some(Fault::CommentWithLf) if !data => &['\r'],
        Some(Fault::UnicodeLineEnds) => &['\n', '\r', '\u{2028}', '\u{2029}', '\u{85}', '\u{B}'],
        _ => &['\n', '\r'],
    };
    let mut lines: Vec<String> = value.split(ends).map(str::to_owned).collect();
    if fault == Some(Fault::FinalLineEndDropped)
        && data
        && lines.len() > 1
        && lines.last().is_some_and(String::is_empty)
    {
        lines.pop();
    }
    lines
}
