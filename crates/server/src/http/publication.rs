//! What a publish has in its body: one event or many, as a form or as JSON.

use http::{StatusCode, header};

use super::json;
use super::message::{Head, Refusal};
use crate::many::PublishManyError;
use crate::publish::Publication;

/// What is to be published.
pub(super) enum Given {
    One(Publication),
    /// In one go; of those that are none, why.
    Many(Vec<Result<Publication, String>>),
    /// More than may be.
    TooMany(PublishManyError),
}

/// The form of a body.
pub(super) enum Format {
    Form,
    Json,
}

impl Format {
    /// As the request says.
    pub(super) fn of(head: &Head) -> Result<Self, Refusal> {
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

    /// What is to be published, or why the body as a whole is not that.
    pub(super) fn read(&self, body: &[u8]) -> Result<Given, String> {
        match self {
            Self::Form => read_form(body).map(Given::One),
            Self::Json => json::read(body),
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
