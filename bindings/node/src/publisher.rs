//! Publishing to a hub that runs elsewhere.

use eventwire_bridge::publisher;
use napi_derive::napi;

use crate::failure::{Result, raise};
use crate::hub::Message;
use crate::options::{RetryOptions, TransportOptions, headers};
use crate::task::{self, IdTask};

#[napi(object, object_to_js = false)]
pub struct PublisherOptions {
    pub url: String,
    pub headers: Vec<Vec<String>>,
    /// Never try again, where it is false.
    pub again: bool,
    pub retry: Option<RetryOptions>,
    pub transport: Option<TransportOptions>,
}

#[derive(Debug)]
#[napi]
pub struct Publisher(publisher::Publisher);

#[napi]
impl Publisher {
    #[napi(constructor)]
    pub fn new(options: PublisherOptions) -> Result<Self> {
        let retry = options
            .again
            .then(|| options.retry.map(Into::into).unwrap_or_default());
        let built = publisher::PublisherOptions {
            url: options.url,
            headers: headers(options.headers),
            retry,
            transport: options.transport.map(Into::into).unwrap_or_default(),
        };
        publisher::Publisher::new(built).map(Self).map_err(raise)
    }

    #[napi]
    pub fn publish(&self, message: Message) -> Result<IdTask> {
        task::start(self.0.publish(message.into()), IdTask)
    }

    #[napi]
    pub fn close(&self) {
        self.0.close();
    }
}
