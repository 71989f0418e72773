//! placeholder with the final signatures
use crate::{DecodeError, EventRef};
/// x
#[derive(Debug, Clone, Default)]
pub struct Decoder { id: String }
/// x
#[derive(Debug, Clone, Default)]
pub struct Builder { id: String }
/// x
#[derive(Debug)]
pub struct Items<'a> { _d: &'a mut Decoder, _c: &'a [u8] }
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// x
    Event(EventRef<'a>),
    /// x
    Comment(&'a str),
    /// x
    Retry(u64) }
impl Decoder {
    /// x
    pub fn new() -> Self { Self::default() }
    /// x
    pub fn builder() -> Builder { Builder::default() }
    /// x
    pub fn feed<'a>(&'a mut self, chunk: &'a [u8]) -> Items<'a> { Items { _d: self, _c: chunk } }
    /// x
    pub fn last_event_id(&self) -> &str { &self.id }
    /// x
    pub fn reconnection_time(&self) -> Option<u64> { None }
    /// x
    pub fn reset(&mut self) {}
}
impl Builder {
    /// x
    pub fn last_event_id(mut self, id: impl Into<String>) -> Self { self.id = id.into(); self }
    /// x
    pub fn max_line(self, _bytes: usize) -> Self { self }
    /// x
    pub fn max_event(self, _bytes: usize) -> Self { self }
    /// x
    pub fn comments(self, _on: bool) -> Self { self }
    /// x
    pub fn retries(self, _on: bool) -> Self { self }
    /// x
    pub fn build(self) -> Decoder { Decoder { id: self.id } }
}
impl Drop for Items<'_> { fn drop(&mut self) {} }
impl Items<'_> {
    /// x
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, DecodeError> { Ok(None) }
    /// x
    pub fn next_event(&mut self) -> Result<Option<EventRef<'_>>, DecodeError> { Ok(None) }
}
