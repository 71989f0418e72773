//! Publishing a payload in slices to a hub that runs elsewhere.

use std::io::{Read, Seek};
use std::path::Path;

use eventwire_codec::slices::{SendOptions, Slices, Step, Transfer, TransferError, slice_key};

use super::blocking;
use crate::{Error, PublishMessage, Publisher};

impl Publisher {
    /// Publishes a file under a topic, slice by slice, and returns what its receivers are told of it.
    ///
    /// Each slice is published, and tried again, as any message is; it waits for the answer before it sends the next. The hub's
    /// log must hold what receivers may lag behind.
    ///
    /// ```no_run
    /// use eventwire_client::{Publisher, PublisherOptions};
    /// use eventwire_codec::slices::SendOptions;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let publisher = Publisher::new("http://127.0.0.1:8844", PublisherOptions::new())?;
    /// let sent = publisher.send_file("files", "backup.tar", SendOptions::new()).await?;
    /// println!("{} slices", sent.count());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TransferError`]: the file, the options, or the publishing of a slice. The slices before it are published.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it publishes no more slices; the one on its way may have been published.
    pub async fn send_file(
        &self,
        topic: impl Into<String>,
        path: impl AsRef<Path>,
        options: SendOptions,
    ) -> Result<Transfer, TransferError<Error>> {
        let path = path.as_ref().to_owned();
        let slices = blocking(move || Slices::open(path, options)).await;
        self.send(topic.into(), slices.map_err(TransferError::carried)?)
            .await
    }

    /// Publishes bytes under a topic, slice by slice: as [`send_file`](Self::send_file).
    ///
    /// # Errors
    ///
    /// As [`send_file`](Self::send_file).
    ///
    /// # Cancel safety
    ///
    /// As [`send_file`](Self::send_file).
    pub async fn send_bytes(
        &self,
        topic: impl Into<String>,
        bytes: impl AsRef<[u8]> + Send + 'static,
        options: SendOptions,
    ) -> Result<Transfer, TransferError<Error>> {
        self.send(topic.into(), Slices::of_bytes(bytes, options)?)
            .await
    }

    async fn send<R>(
        &self,
        topic: String,
        mut slices: Slices<R>,
    ) -> Result<Transfer, TransferError<Error>>
    where
        R: Read + Seek + Send + 'static,
    {
        let nonce = fastrand::u128(..);
        let mut index = 0_u64;
        loop {
            let step;
            (slices, step) = blocking(move || {
                let step = slices.step();
                (slices, step)
            })
            .await;
            match step.map_err(TransferError::carried)? {
                Step::Slice(event) => {
                    let kind = event.event().to_owned();
                    let message = PublishMessage::new(event.into_data())
                        .event(kind)
                        .key(slice_key(nonce, index));
                    let published = self.publish(topic.as_str(), message).await;
                    published.map_err(TransferError::Carrier)?;
                    index += 1;
                }
                Step::End(transfer) => return Ok(transfer),
                _ => {}
            }
        }
    }
}
