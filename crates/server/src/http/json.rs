//! Events from JSON, read without a tree of it: only what an event can hold is kept, so that a body takes no more than a few times its
//! own size, whatever is in it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::publication::Given;
use crate::many::{MAX_PUBLISH_MANY, PublishManyError};
use crate::publish::Publication;
use crate::topic::MAX_TOPICS_AT_ONCE;

/// What is to be published, or why the body as a whole is not that.
pub(super) fn read(body: &[u8]) -> Result<Given, String> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let given = Wanted(Body).deserialize(&mut json);
    given
        .and_then(|given| json.end().map(|()| given))
        .map_err(|error| format!("the body is no JSON: {error}"))?
}

/// What somebody wants of a value; what it is instead is passed over.
trait Want: Sized {
    type Out;

    fn text(self, text: String) -> Self::Out {
        self.other(&format_args!("{text:?}"))
    }

    fn null(self) -> Self::Out {
        self.other(&"null")
    }

    fn list<'de, A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Out, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.other(&"a list"))
    }

    fn object<'de, A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Out, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.other(&"an object"))
    }

    fn other(self, what: &dyn fmt::Display) -> Self::Out;
}

struct Wanted<W>(W);

impl<'de, W: Want> DeserializeSeed<'de> for Wanted<W> {
    type Value = W::Out;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<W::Out, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, W: Want> Visitor<'de> for Wanted<W> {
    type Value = W::Out;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<W::Out, E> {
        Ok(self.0.text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<W::Out, E> {
        Ok(self.0.null())
    }

    fn visit_bool<E>(self, value: bool) -> Result<W::Out, E> {
        Ok(self.0.other(&value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<W::Out, E> {
        Ok(self.0.other(&value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<W::Out, E> {
        Ok(self.0.other(&value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<W::Out, E> {
        Ok(self.0.other(&value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<W::Out, A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<W::Out, A::Error> {
        self.0.object(object)
    }
}

/// An event, or an array of them.
struct Body;

impl Want for Body {
    type Out = Result<Given, String>;

    fn list<'de, A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Out, A::Error> {
        let mut all = Vec::new();
        while all.len() < MAX_PUBLISH_MANY {
            match list.next_element_seed(Wanted(One))? {
                Some(one) => all.push(one),
                None if all.is_empty() => {
                    return Ok(Err("the array is empty: give at least one event".to_owned()));
                }
                None => return Ok(Ok(Given::Many(all))),
            }
        }
        // The rest is only counted.
        let mut count = all.len();
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Ok(if count > all.len() {
            Given::TooMany(PublishManyError::TooMany(count))
        } else {
            Given::Many(all)
        }))
    }

    fn object<'de, A: MapAccess<'de>>(self, object: A) -> Result<Self::Out, A::Error> {
        One.object(object).map(|one| one.map(Given::One))
    }

    fn other(self, _: &dyn fmt::Display) -> Self::Out {
        Err("the body is neither a JSON object nor an array of them".to_owned())
    }
}

/// One event.
struct One;

impl Want for One {
    type Out = Result<Publication, String>;

    fn object<'de, A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Out, A::Error> {
        let mut publication = Publication {
            topics: Vec::new(),
            data: String::new(),
            event: None,
            key: None,
        };
        let mut has_data = false;
        // The first thing that is wrong; what follows must still be JSON.
        let mut wrong = None;
        while let Some(name) = object.next_key::<String>()? {
            let field = match (&wrong, name.as_str()) {
                (None, "topic") => object
                    .next_value_seed(Wanted(Topics))?
                    .map(|topics| publication.topics = topics),
                (None, "data") => match object.next_value_seed(Wanted(Text))? {
                    Some(Some(data)) => {
                        publication.data = data;
                        has_data = true;
                        Ok(())
                    }
                    _ => Err("data is no string: send JSON as text".to_owned()),
                },
                (None, "event" | "key") => match object.next_value_seed(Wanted(Text))? {
                    Some(text) if name == "event" => {
                        publication.event = text;
                        Ok(())
                    }
                    Some(text) => {
                        publication.key = text;
                        Ok(())
                    }
                    None => Err(format!("{name} is no string")),
                },
                (None, _) => {
                    object.next_value::<IgnoredAny>()?;
                    Err(format!(
                        "unknown field {name:?}: there are topic, data, event and key"
                    ))
                }
                (Some(_), _) => object.next_value::<IgnoredAny>().map(|_| Ok(()))?,
            };
            if let Err(error) = field {
                wrong = Some(error);
            }
        }
        Ok(match wrong {
            Some(wrong) => Err(wrong),
            None if has_data => Ok(publication),
            None => Err("no data: it may be empty, but must be given".to_owned()),
        })
    }

    fn other(self, _: &dyn fmt::Display) -> Self::Out {
        Err("it is no JSON object".to_owned())
    }
}

/// A string; none within where it is null, none at all where it is something else.
struct Text;

impl Want for Text {
    type Out = Option<Option<String>>;

    fn text(self, text: String) -> Self::Out {
        Some(Some(text))
    }

    fn null(self) -> Self::Out {
        Some(None)
    }

    fn other(self, _: &dyn fmt::Display) -> Self::Out {
        None
    }
}

/// A topic, or a list of topics.
struct Topics;

impl Want for Topics {
    type Out = Result<Vec<String>, String>;

    fn text(self, topic: String) -> Self::Out {
        Ok(vec![topic])
    }

    fn list<'de, A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Out, A::Error> {
        let mut topics = Vec::new();
        while topics.len() <= MAX_TOPICS_AT_ONCE {
            match list.next_element_seed(Wanted(Topic))? {
                Some(Ok(topic)) => topics.push(topic),
                Some(Err(error)) => {
                    while list.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(Err(error));
                }
                None => return Ok(Ok(topics)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(format!(
            "topic lists more than {MAX_TOPICS_AT_ONCE} names, which are the most"
        )))
    }

    fn other(self, _: &dyn fmt::Display) -> Self::Out {
        Err("topic is neither a string nor a list of strings".to_owned())
    }
}

/// One of a list of topics.
struct Topic;

impl Want for Topic {
    type Out = Result<String, String>;

    fn text(self, topic: String) -> Self::Out {
        Ok(topic)
    }

    fn other(self, what: &dyn fmt::Display) -> Self::Out {
        Err(format!("topic has {what}, which is no string"))
    }
}
