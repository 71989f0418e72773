//! What is published.

/// What a [`Publisher`](crate::Publisher) publishes under one or more topics.
///
/// ```
/// use eventwire_client::PublishMessage;
///
/// let message = PublishMessage::new("42").event("price").key("order-7-price-42");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublishMessage {
    /// The event's data.
    pub data: String,
    /// The event's type; `None` for `message`.
    pub event: Option<String>,
    /// What makes a repetition harmless: a hub takes the same message with the same key only once. `None`: one is made for
    /// each publish, so that at least its own retries are harmless.
    pub key: Option<String>,
}

impl PublishMessage {
    /// A message of the default type, without a key.
    pub fn new(data: impl Into<String>) -> PublishMessage {
        PublishMessage {
            data: data.into(),
            event: None,
            key: None,
        }
    }

    /// Sets the type.
    pub fn event(mut self, event: impl Into<String>) -> Self {
        self.event = Some(event.into());
        self
    }

    /// Sets the key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl<T: Into<String>> From<T> for PublishMessage {
    fn from(data: T) -> Self {
        PublishMessage::new(data)
    }
}

/// One topic or several.
pub trait IntoTopics {
    /// The topics' names.
    fn into_topics(self) -> Vec<String>;
}

impl IntoTopics for &str {
    fn into_topics(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl IntoTopics for String {
    fn into_topics(self) -> Vec<String> {
        vec![self]
    }
}

impl<T: Into<String>> IntoTopics for Vec<T> {
    fn into_topics(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T: Into<String>, const N: usize> IntoTopics for [T; N] {
    fn into_topics(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T: Clone + Into<String>> IntoTopics for &[T] {
    fn into_topics(self) -> Vec<String> {
        self.iter().cloned().map(Into::into).collect()
    }
}
