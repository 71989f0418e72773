//! Publishing a payload in slices.

use std::io::{Read, Seek};
use std::path::Path;

use eventwire_codec::slices::{SendOptions, Slices, Step, Transfer, TransferError, slice_key};

use crate::error::PublishError;
use crate::hub::Hub;
use crate::publish::Publication;

impl Hub {
    /// Publishes a file under a topic, slice by slice, and returns what its receivers are told of it.
    ///
    /// The hub holds the slices in its log, as it does all events: a receiver gets what it missed as long as the log holds it.
    /// So the log (`max_bytes`) must hold what receivers may lag behind; a file that is larger needs an endpoint of its own,
    /// over [`Slices`], where the reader sets the pace.
    ///
    /// Each slice has a key that is of this call alone: sent again, the file goes out again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use eventwire_codec::slices::SendOptions;
    ///
    /// let hub = eventwire_server::Hub::new();
    /// let sent = hub.send_file("files", "Cargo.toml", SendOptions::new()).await?;
    /// assert_eq!((sent.name(), sent.count()), ("Cargo.toml", 1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TransferError`]: the file, the options, or what the hub said to a slice. The slices before it are published.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it publishes no more slices.
    pub async fn send_file(
        &self,
        topic: impl Into<String>,
        path: impl AsRef<Path>,
        options: SendOptions,
    ) -> Result<Transfer, TransferError<PublishError>> {
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
    /// Dropped, it publishes no more slices.
    pub async fn send_bytes(
        &self,
        topic: impl Into<String>,
        bytes: impl AsRef<[u8]> + Send + 'static,
        options: SendOptions,
    ) -> Result<Transfer, TransferError<PublishError>> {
        self.send(topic.into(), Slices::of_bytes(bytes, options)?)
            .await
    }

    async fn send<R>(
        &self,
        topic: String,
        mut slices: Slices<R>,
    ) -> Result<Transfer, TransferError<PublishError>>
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
                    let publication = Publication::new(topic.as_str(), event.into_data())
                        .event(kind)
                        .key(slice_key(nonce, index));
                    let published = self.publish(publication).await;
                    published.map_err(TransferError::Carrier)?;
                    index += 1;
                }
                Step::End(transfer) => return Ok(transfer),
                _ => {}
            }
        }
    }
}

/// Runs what may block where it holds nobody up; without a runtime, which a hub in memory needs none of, just here.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        return work();
    };
    match runtime
        .spawn_blocking(work)
        .await
        .map_err(tokio::task::JoinError::try_into_panic)
    {
        Ok(done) => done,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime ends, and with it whoever waits here.
        Err(Err(_)) => std::future::pending().await,
    }
}
