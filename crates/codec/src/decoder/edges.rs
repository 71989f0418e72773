//! The two ends of a chunk: what began before it, and what goes on after it.

use super::Pending;
use super::items::{Items, Stop};
use super::line::Field;
use super::text::{Value, append};

impl Items<'_> {
    /// Completes the line that began in an earlier chunk.
    #[inline(never)]
    pub(super) fn finish_line(&mut self) -> Option<Stop> {
        let (start, end) = self.next_line()?;
        self.continues = false;
        let mut line = std::mem::take(&mut self.decoder.line);
        append(&mut line, &self.chunk[start..end]);
        if self.near_limit && !self.within_limits(&line, true) {
            return Some(Stop::Failed);
        }
        let stop = self.buffered_line(&mut line);
        line.clear();
        self.decoder.line = line;
        stop
    }

    fn buffered_line(&mut self, line: &mut Vec<u8>) -> Option<Stop> {
        let decoder = &mut *self.decoder;
        let (field, value_start) = Field::of(line);
        let value = &line[value_start..];
        match field {
            Field::Data => {
                match self.data {
                    Value::None => decoder.data.take_line(line, value_start),
                    _ => decoder.data.push_line(value),
                }
                self.data = Value::Buffer;
            }
            Field::Event => {
                decoder.event.set(value);
                self.event = Value::Buffer;
            }
            Field::Id => {
                if !value.contains(&0) {
                    decoder.id.set(value);
                    self.id = Value::Buffer;
                }
            }
            Field::Retry => return decoder.retry_line(value),
            Field::Comment => {
                if decoder.comments {
                    decoder.comment.take_line(line, value_start);
                    self.comment = Value::Buffer;
                    return Some(Stop::Comment);
                }
            }
            Field::Unknown => {}
        }
        None
    }

    /// Puts what is unfinished into the decoder.
    pub(super) fn end_of_chunk(&mut self) -> Stop {
        let rest = &self.chunk[self.line_start..];
        if !rest.is_empty() {
            self.line_start = self.chunk.len();
            let mut line = std::mem::take(&mut self.decoder.line);
            append(&mut line, rest);
            if self.near_limit && !self.within_limits(&line, false) {
                return Stop::Failed;
            }
            self.decoder.line = line;
        }
        let decoder = &mut *self.decoder;
        decoder.pending = Pending {
            data: self.data != Value::None,
            event: self.event != Value::None,
            id: self.id != Value::None,
        };
        let values = [
            (self.data, &mut decoder.data),
            (self.event, &mut decoder.event),
            (self.id, &mut decoder.id),
        ];
        for (value, buffer) in values {
            if let Value::Chunk(span) = value {
                buffer.set_part(span, &self.checked);
            }
        }
        decoder.trim();
        self.finish();
        Stop::End
    }
}
