//! `GET /events`: the stream.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::time::Instant;

use super::message::{Head, Refusal, Reply};
use super::{Action, Endpoint, authorize};
use crate::error::{SubscribeError, TopicError};
use crate::resume::Start;
use crate::subscribe::Subscribe;
use crate::topic;

pub(super) async fn subscribe(endpoint: &Endpoint, head: &Head) -> Result<Reply, Refusal> {
    let (subscribe, topics) =
        read(head).map_err(|message| Refusal::new(StatusCode::BAD_REQUEST, message))?;
    let holds = authorize::authorize(&endpoint.options, head, Action::Subscribe, &topics).await?;
    let mut reply = Reply::empty(StatusCode::OK);
    // HEAD: as the stream would begin, without beginning it.
    if head.method == Method::HEAD {
        if endpoint.hub.is_closed() {
            let closed = SubscribeError::Closed.to_string();
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, closed));
        }
    } else {
        let subscribe = subscribe
            .peer(head.peer)
            // A time that cannot be counted is never reached.
            .expires(holds.and_then(|time| Instant::now().checked_add(time)));
        let subscription = endpoint.hub.subscribe(subscribe).map_err(|error| {
            let status = match error {
                SubscribeError::Closed | SubscribeError::TooManyTopics => {
                    StatusCode::SERVICE_UNAVAILABLE
                }
                SubscribeError::Topic(_) | SubscribeError::Start(_) => StatusCode::BAD_REQUEST,
            };
            Refusal::new(status, error.to_string())
        })?;
        reply.body = subscription.into();
    }
    stream_headers(&mut reply.headers);
    Ok(reply)
}

/// The headers of every event stream.
pub(crate) fn stream_headers(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        // No cache may keep it, and no proxy recode it.
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        // nginx, and those who follow it, would hold it back.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// What is asked for, and its topics as they were given.
fn read(head: &Head) -> Result<(Subscribe, Vec<String>), String> {
    let mut topics = Vec::new();
    let mut topic_as_event = false;
    let mut start = None;
    let mut last_event_id = None;
    for (name, value) in head.parameters() {
        match name.as_str() {
            "topic" => topics.push(value),
            "last_event_id" => last_event_id = Some(value),
            "start" => start = Some(value.parse::<Start>().map_err(|error| error.to_string())?),
            "topic_as" if value == "event" => topic_as_event = true,
            "topic_as" => {
                return Err(format!(
                    "topic_as is {value:?}: give \"event\", or leave it out"
                ));
            }
            // Others may be the page's own, against caches or for a proxy.
            _ => {}
        }
    }
    topic::filter(&topics).map_err(|error| match error {
        TopicError::None => {
            "no topic: ask for /events?topic=NAME, with as many topics as you like".to_owned()
        }
        error => error.to_string(),
    })?;
    // The header is of a reconnect, so it knows more than the address that the page was given.
    let header = head
        .headers
        .get("last-event-id")
        .map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    let start = match header
        .filter(|id| !id.is_empty())
        .or(last_event_id)
        .filter(|id| !id.is_empty())
    {
        Some(id) => Start::After(id),
        None => start.unwrap_or_default(),
    };
    let subscribe = Subscribe::to(topics.iter().cloned())
        .topic_as_event(topic_as_event)
        .start(start);
    Ok((subscribe, topics))
}
