//! Publishing to a hub that runs elsewhere.

use eventwire_bridge::publisher;
use napi_derive::napi;

use crate::failure::{Result, raise};
use crate::hub::Message;
use crate::options::{RetryOptions, TransportOptions, delay, headers, policy, time};
use crate::task::{self, DoneTask, IdTask, IdsTask};

#[napi(object, object_to_js = false)]
pub struct PublisherOptions {
    pub url: String,
    pub headers: Vec<Vec<String>>,
    /// Never try again, where it is false.
    pub again: bool,
    pub retry: Option<RetryOptions>,
    pub timeout: Option<f64>,
    pub connect_timeout: Option<f64>,
    pub transport: Option<TransportOptions>,
}

#[derive(Debug)]
#[napi]
pub struct Publisher(publisher::Publisher);

#[napi]
impl Publisher {
    #[napi(constructor)]
    pub fn new(options: PublisherOptions) -> Result<Self> {
        let retry = policy(options.again, options.retry)?;
        let built = publisher::PublisherOptions {
            url: options.url,
            headers: headers(options.headers),
            retry,
            timeout: time("timeout", options.timeout)?,
            connect_timeout: time("connectTimeout", options.connect_timeout)?,
            transport: options.transport.map(Into::into).unwrap_or_default(),
        };
        publisher::Publisher::new(built).map(Self).map_err(raise)
    }

    #[napi]
    pub fn publish(&self, message: Message) -> Result<IdTask> {
        task::start(self.0.publish(message.into()), IdTask)
    }

    #[napi]
    pub fn publish_many(&self, messages: Vec<Message>) -> Result<IdsTask> {
        let messages = messages.into_iter().map(Into::into).collect();
        task::start(self.0.publish_many(messages), IdsTask)
    }

    #[napi]
    pub fn flush(&self) -> Result<DoneTask> {
        task::start(self.0.flush(), DoneTask)
    }

    #[napi]
    pub fn close(&self, timeout: f64) -> Result<DoneTask> {
        let timeout = delay("the timeout of close", Some(timeout))?.unwrap_or_default();
        task::start(self.0.close(timeout), DoneTask)
    }
}
