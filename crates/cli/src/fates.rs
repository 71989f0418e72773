//! What has become of each line that was published.

use eventwire_client::{Error, Outcome};

use crate::failure::Failure;
use crate::output::{Output, notice};

/// An error with its outcome, in words.
pub(crate) fn said(error: &Error) -> String {
    match error.outcome() {
        Some(Outcome::NotStored) => format!("{error}; it was not stored"),
        Some(_) => format!("{error}; whether it was stored is not known"),
        None => error.to_string(),
    }
}

/// Tells the fate of each line, in their order: the ids on the standard output, and the errors, with the numbers of the lines, on the
/// standard error. Dropped in the middle, it says so of those that have no answer yet.
#[derive(Debug)]
pub(crate) struct Fates<'a> {
    output: &'a mut Output,
    /// How many lines were sent.
    sent: u64,
    published: u64,
    not_stored: u64,
    unknown: u64,
    /// Lines, from one to another, that had the same error: told as one.
    same: Option<(u64, u64, String)>,
    /// Why no more lines are sent.
    trouble: Option<Failure>,
}

impl<'a> Fates<'a> {
    pub(crate) fn told_to(output: &'a mut Output) -> Self {
        Fates {
            output,
            sent: 0,
            published: 0,
            not_stored: 0,
            unknown: 0,
            same: None,
            trouble: None,
        }
    }

    /// One more line is sent.
    pub(crate) fn send(&mut self) {
        self.sent += 1;
    }

    /// How many lines were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether more lines may be sent.
    pub(crate) fn all_is_well(&self) -> bool {
        self.trouble.is_none() && self.not_stored + self.unknown == 0
    }

    /// No more lines are sent.
    pub(crate) fn trouble(&mut self, why: Failure) {
        self.trouble.get_or_insert(why);
    }

    /// The next line has its answer.
    pub(crate) fn tell(&mut self, answer: Result<String, Error>) {
        let line = self.answered() + 1;
        let error = match answer {
            Ok(id) => {
                self.published += 1;
                self.tell_same();
                return self.write(|output| output.line(&id));
            }
            Err(error) => error,
        };
        match error.outcome() {
            Some(Outcome::NotStored) => self.not_stored += 1,
            _ => self.unknown += 1,
        }
        let text = said(&error);
        match &mut self.same {
            Some((_, last, same)) if *same == text => *last = line,
            _ => {
                self.tell_same();
                self.same = Some((line, line, text));
            }
        }
    }

    /// What was told can be seen.
    pub(crate) fn show(&mut self) {
        self.write(Output::flush);
    }

    /// All that were sent have their answers.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        self.tell_same();
        self.show();
        if self.all_is_well() {
            return Ok(());
        }
        let Fates {
            sent,
            published,
            not_stored,
            unknown,
            ..
        } = self;
        let summary = format!(
            "lines published: {published}, not stored: {not_stored}, of which it is not known: {unknown}; nothing after line {sent} was sent"
        );
        match self.trouble.take() {
            None => Err(Failure::Said(summary)),
            Some(Failure::Said(why)) => {
                notice(&why);
                Err(Failure::Said(summary))
            }
            Some(why) => {
                notice(&summary);
                Err(why)
            }
        }
    }

    fn answered(&self) -> u64 {
        self.published + self.not_stored + self.unknown
    }

    fn tell_same(&mut self) {
        match self.same.take() {
            Some((first, last, text)) if first == last => notice(&format!("line {first}: {text}")),
            Some((first, last, text)) => notice(&format!("lines {first} to {last}: {text}")),
            None => {}
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut Output) -> Result<(), Failure>) {
        // Where it is closed, those that are under way are counted to the end.
        if !matches!(self.trouble, Some(Failure::OutputGone))
            && let Err(failure) = write(self.output)
        {
            self.trouble(failure);
        }
    }
}

impl Drop for Fates<'_> {
    fn drop(&mut self) {
        self.tell_same();
        let (first, last) = (self.answered() + 1, self.sent);
        if first <= last {
            notice(&format!(
                "lines {first} to {last} have no answer yet: whether they were stored is not known"
            ));
        }
    }
}
