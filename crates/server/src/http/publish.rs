//! `POST /events`: publishing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::Body;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::message::{Head, Refusal, Reply};
use super::publication::{Format, Given};
use super::{Action, Endpoint, authorize, guard, in_time};
use crate::error::PublishError;
use crate::many::PublishManyError;
use crate::publish::Publication;
use crate::store::Outcome;
use crate::topic;

/// How long a client may take for the body of a publish.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many bytes are said of one event among many.
const MAX_ERROR: usize = 400;

pub(super) async fn publish<B>(endpoint: &Endpoint, head: &Head, body: B) -> Result<Reply, Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let options = &endpoint.options;
    guard::check_origin(&options.cors, &head.headers)?;
    if options.authorizer.is_none() && !options.open_publish {
        // Before the body is read, which would be for nothing.
        return Err(authorize::closed());
    }
    let format = Format::of(head)?;
    let collecting = collect(body, options.max_body, &endpoint.bodies);
    let (body, _held) = in_time(PATIENCE, collecting).await.ok_or_else(|| {
        let message = format!("the body did not come within {PATIENCE:?}");
        Refusal::new(StatusCode::REQUEST_TIMEOUT, message)
    })??;
    match format.read(&body).map_err(bad)? {
        Given::One(publication) => one(endpoint, head, publication).await,
        Given::Many(given) => many(endpoint, head, given).await,
        Given::TooMany(error) => Err(too_many(&error)),
    }
}

async fn one(endpoint: &Endpoint, head: &Head, publication: Publication) -> Result<Reply, Refusal> {
    topic::check(&publication.topics).map_err(|error| bad(error.to_string()))?;
    let (options, topics) = (&endpoint.options, &publication.topics);
    authorize::authorize(options, head, Action::Publish, topics).await?;
    match endpoint.hub.publish(publication).await {
        Ok(id) => Ok(Reply::json(
            StatusCode::OK,
            &json!({ "id": id.to_string() }),
        )),
        Err(error) => Err(failed(&error)),
    }
}

/// All of them, or none: what is wrong with some refuses all, and all that are wrong are named at once.
async fn many(
    endpoint: &Endpoint,
    head: &Head,
    given: Vec<Result<Publication, String>>,
) -> Result<Reply, Refusal> {
    let count = given.len();
    let mut wrong = Wrong::among(count);
    let mut publications = Vec::with_capacity(count);
    for (index, given) in given.into_iter().enumerate() {
        match given {
            Ok(publication) => match topic::check(&publication.topics) {
                Ok(_) => publications.push(publication),
                Err(error) => wrong.add(index, StatusCode::BAD_REQUEST, error.to_string()),
            },
            Err(error) => wrong.add(index, StatusCode::BAD_REQUEST, error),
        }
    }
    wrong.check()?;
    let mut seen: HashSet<&str> = HashSet::new();
    let topics = publications.iter().flat_map(|one| &one.topics);
    let topics: Vec<String> = topics.filter(|topic| seen.insert(topic)).cloned().collect();
    let action = Action::Publish;
    if let Some(identity) = authorize::identify(&endpoint.options, head, action, &topics).await? {
        for (index, publication) in publications.iter().enumerate() {
            let mut topics = publication.topics.iter();
            if let Some(topic) = topics.find(|topic| !identity.covers(action, topic)) {
                let refusal = authorize::not_covered(action, topic);
                wrong.add(index, refusal.status(), refusal.message());
            }
        }
        wrong.check()?;
    }
    match endpoint.hub.publish_many(publications).await {
        Ok(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            Ok(Reply::json(StatusCode::OK, &json!({ "ids": ids })))
        }
        Err(PublishManyError::Refused {
            refused, stored, ..
        }) => {
            for (index, error) in &refused {
                wrong.add(*index, status(error), error.to_string());
            }
            wrong.stored = stored
                .into_iter()
                .map(|(index, id)| json!({ "id": id.to_string(), "index": index }))
                .collect();
            Err(wrong.refusal())
        }
        Err(PublishManyError::All(error)) => Err(failed(&error)),
        Err(error @ PublishManyError::TooMany(_)) => Err(too_many(&error)),
    }
}

fn too_many(error: &PublishManyError) -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
}

fn bad(message: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

/// What is wrong with which events of an array.
struct Wrong {
    count: usize,
    errors: Vec<(usize, StatusCode, String)>,
    /// Those that were stored all the same.
    stored: Vec<Value>,
}

impl Wrong {
    fn among(count: usize) -> Self {
        Self {
            count,
            errors: Vec::new(),
            stored: Vec::new(),
        }
    }

    fn add(&mut self, index: usize, status: StatusCode, message: impl Into<String>) {
        let mut message = message.into();
        // There may be a thousand of them, and some repeat what they were given.
        if message.len() > MAX_ERROR {
            message.truncate(message.floor_char_boundary(MAX_ERROR));
            message.push_str("...");
        }
        self.errors.push((index, status, message));
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(self.refusal())
        }
    }

    /// The first one for people, all of them for programs.
    fn refusal(&self) -> Refusal {
        let Some((index, status, message)) = self.errors.first() else {
            return Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "nothing is wrong");
        };
        let count = self.count;
        let more = match self.errors.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let others = if self.stored.is_empty() {
            "none was stored"
        } else {
            "the others were stored"
        };
        let said = format!("the event at index {index} of {count}: {message}{more}; {others}");
        let errors = self.errors.iter();
        let errors: Vec<Value> = errors
            .map(|(index, status, message)| {
                json!({ "error": message, "index": index, "status": status.as_u16() })
            })
            .collect();
        let mut refusal = Refusal::new(*status, said)
            .with("index", *index)
            .with("errors", errors);
        if !self.stored.is_empty() {
            refusal = refusal.with("stored", self.stored.clone());
        }
        refusal
    }
}

/// The hub did not take it.
fn failed(error: &PublishError) -> Refusal {
    let status = status(error);
    let refusal = Refusal::new(status, error.to_string());
    match error {
        PublishError::Store(error) => refusal.with("outcome", error.outcome().name()),
        // What else says so itself: it was refused.
        _ if status.is_server_error() => refusal.with("outcome", Outcome::NotStored.name()),
        _ => refusal,
    }
}

fn status(error: &PublishError) -> StatusCode {
    match error {
        PublishError::KeyConflict { .. } | PublishError::KeyTwice { .. } => StatusCode::CONFLICT,
        PublishError::TooLarge { .. } | PublishError::EventTooLarge { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        // Trying again is right: with a key it is harmless also where the outcome is unknown.
        PublishError::TooManyTopics(_) | PublishError::Closed | PublishError::Store(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        PublishError::Topic(_)
        | PublishError::Encode(_)
        | PublishError::ReservedType(_)
        | PublishError::Key(_) => StatusCode::BAD_REQUEST,
    }
}

/// The body, up to `max` bytes, and what stands for it among all `bodies` for as long as it is held.
async fn collect<B>(
    body: B,
    max: usize,
    bodies: &Arc<Semaphore>,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let too_large = || {
        Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "the body is larger than {max} bytes: send less, or raise the server's max_body"
            ),
        )
    };
    // Said by Content-Length: refused before it is sent.
    if body.size_hint().lower() > max as u64 {
        return Err(too_large());
    }
    let mut body = std::pin::pin!(body);
    let mut all = BytesMut::new();
    let mut held: Option<OwnedSemaphorePermit> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let message = format!("the body broke off after {} bytes: {error}", all.len());
            Refusal::new(StatusCode::BAD_REQUEST, message)
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if data.len() > max - all.len() {
            return Err(too_large());
        }
        let more = hold(bodies, data.len())?;
        match &mut held {
            Some(held) => held.merge(more),
            None => held = Some(more),
        }
        all.extend_from_slice(&data);
    }
    Ok((all.freeze(), held))
}

/// Room for so many bytes. It is not waited for: who waits holds a part of what others wait for.
fn hold(bodies: &Arc<Semaphore>, count: usize) -> Result<OwnedSemaphorePermit, Refusal> {
    let room = u32::try_from(count)
        .ok()
        .and_then(|count| bodies.clone().try_acquire_many_owned(count).ok());
    room.ok_or_else(|| {
        let message = "too much is being published at the moment: try again later";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message)
            .with("outcome", Outcome::NotStored.name())
    })
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::task::{Context, Poll, Waker};

    use http::{HeaderValue, Method, header};

    use super::*;
    use crate::{Access, Denied, HttpOptions, Hub, Identity};

    fn post() -> Head {
        let mut head = Head::get("/events");
        head.method = Method::POST;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        head.headers.insert(header::CONTENT_TYPE, form);
        head
    }

    #[tokio::test]
    async fn beyond_what_is_held_at_a_time_a_body_is_refused_until_there_is_room() {
        let authorizer = |access: Access| async move {
            if access.topics == ["slow"] {
                pending::<()>().await;
            }
            Ok::<_, Denied>(Identity::new("x").may_publish(["*"]))
        };
        let mut endpoint = Hub::new().endpoint(HttpOptions::new().authorizer(authorizer));
        endpoint.bodies = Arc::new(Semaphore::new(45));
        let publish = |topic: &str, count| {
            let body = format!("topic={topic}&data={}", "x".repeat(count));
            endpoint.respond(post(), body)
        };
        let mut slow = Box::pin(publish("slow", 10));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(slow.as_mut().poll(&mut cx), Poll::Pending));
        let reply = publish("fast", 10).await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
        let body = reply.body.collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["outcome"], "not_stored");
        assert_eq!(publish("fast", 0).await.status, StatusCode::OK);
        drop(slow);
        for _ in 0..3 {
            assert_eq!(publish("fast", 10).await.status, StatusCode::OK);
        }
        assert_eq!(endpoint.bodies.available_permits(), 45);
    }
}
