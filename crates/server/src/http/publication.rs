//! What a publish has in its body: one event or many, as a form or as JSON.

use http::{StatusCode, header};
use serde_json::{Map, Value};

use super::message::{Head, Refusal};
use crate::publish::Publication;

/// What is to be published.
pub(super) enum Given {
    One(Publication),
    /// In one go; of those that are none, why.
    Many(Vec<Result<Publication, String>>),
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

fn read_json(body: &[u8]) -> Result<Given, String> {
    let value =
        serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    match value {
        Value::Object(fields) => read_fields(fields).map(Given::One),
        Value::Array(all) if all.is_empty() => {
            Err("the array is empty: give at least one event".to_owned())
        }
        Value::Array(all) => Ok(Given::Many(all.into_iter().map(read_value).collect())),
        _ => Err("the body is neither a JSON object nor an array of them".to_owned()),
    }
}

fn read_value(value: Value) -> Result<Publication, String> {
    match value {
        Value::Object(fields) => read_fields(fields),
        _ => Err("it is no JSON object".to_owned()),
    }
}

fn read_fields(fields: Map<String, Value>) -> Result<Publication, String> {
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
