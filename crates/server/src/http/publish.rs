//! `POST /events`: publishing.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::message::{Head, Refusal, Reply};
use super::{Action, Endpoint, authorize, guard, in_time};
use crate::error::PublishError;
use crate::publish::Publication;
use crate::topic;

/// How long a client may take for the body of a publish.
const PATIENCE: Duration = Duration::from_secs(30);

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
    let body = in_time(PATIENCE, collect(body, options.max_body))
        .await
        .ok_or_else(|| {
            let message = format!("the body did not come within {PATIENCE:?}");
            Refusal::new(StatusCode::REQUEST_TIMEOUT, message)
        })??;
    let bad = |message| Refusal::new(StatusCode::BAD_REQUEST, message);
    let publication = format.read(&body).map_err(bad)?;
    topic::check(&publication.topics).map_err(|error| bad(error.to_string()))?;
    authorize::authorize(options, head, Action::Publish, &publication.topics).await?;
    match endpoint.hub.publish(publication).await {
        Ok(id) => Ok(Reply::json(
            StatusCode::OK,
            &json!({ "id": id.to_string() }),
        )),
        Err(error) => Err(Refusal::new(status(&error), error.to_string())),
    }
}

fn status(error: &PublishError) -> StatusCode {
    match error {
        PublishError::KeyConflict { .. } => StatusCode::CONFLICT,
        PublishError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
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

/// The body, up to `max` bytes.
async fn collect<B>(body: B, max: usize) -> Result<Bytes, Refusal>
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
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}

enum Format {
    Form,
    Json,
}

impl Format {
    fn of(head: &Head) -> Result<Self, Refusal> {
        if let Some(encoding) = head.headers.get(header::CONTENT_ENCODING)
            && encoding != "identity"
        {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("Content-Encoding is {encoding:?}: send the body as it is"),
            ));
        }
        let given = head
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = given
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            "application/json" => Ok(Self::Json),
            _ => Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!(
                    "Content-Type is {given:?}: send application/json or application/x-www-form-urlencoded"
                ),
            )),
        }
    }

    fn read(&self, body: &[u8]) -> Result<Publication, String> {
        match self {
            Self::Form => read_form(body),
            Self::Json => read_json(body),
        }
    }
}

fn read_form(body: &[u8]) -> Result<Publication, String> {
    let mut topics = Vec::new();
    let (mut data, mut event, mut key) = (None, None, None);
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        let field = match name.as_str() {
            "topic" => {
                topics.push(value);
                continue;
            }
            "data" => &mut data,
            "event" => &mut event,
            "key" => &mut key,
            _ => {
                return Err(format!(
                    "unknown field {name:?}: there are topic, data, event and key"
                ));
            }
        };
        if field.replace(value).is_some() {
            return Err(format!("the field {name:?} was given twice"));
        }
    }
    Ok(Publication {
        topics,
        data: data.ok_or("no data: it may be empty, but must be given")?,
        event,
        key,
    })
}

fn read_json(body: &[u8]) -> Result<Publication, String> {
    let value =
        serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    let Value::Object(fields) = value else {
        return Err("the body is no JSON object".to_owned());
    };
    let mut publication = Publication {
        topics: Vec::new(),
        data: String::new(),
        event: None,
        key: None,
    };
    let mut has_data = false;
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("topic", Value::String(topic)) => publication.topics = vec![topic],
            ("topic", Value::Array(topics)) => {
                let text = |topic| match topic {
                    Value::String(topic) => Ok(topic),
                    other => Err(format!("topic has {other}, which is no string")),
                };
                publication.topics = topics.into_iter().map(text).collect::<Result<_, _>>()?;
            }
            ("data", Value::String(data)) => {
                publication.data = data;
                has_data = true;
            }
            ("event" | "key", Value::Null) => {}
            ("event", Value::String(event)) => publication.event = Some(event),
            ("key", Value::String(key)) => publication.key = Some(key),
            ("data", _) => return Err("data is no string: send JSON as text".to_owned()),
            ("topic", _) => {
                return Err("topic is neither a string nor a list of strings".to_owned());
            }
            ("event" | "key", _) => return Err(format!("{name} is no string")),
            _ => {
                return Err(format!(
                    "unknown field {name:?}: there are topic, data, event and key"
                ));
            }
        }
    }
    if has_data {
        Ok(publication)
    } else {
        Err("no data: it may be empty, but must be given".to_owned())
    }
}
