//! Receiving a payload in slices from a stream.

use std::path::Path;

use eventwire_codec::slices::{Assembly, ReceiveOptions, Taken, Transfer, TransferError};

use super::{FileAssembly, blocking};
use crate::{Error, EventStream};

impl EventStream {
    /// Receives a payload in slices into a file, and returns what was said of it. Events of other kinds are passed over.
    ///
    /// The target appears when all is there and its hash is right; see [`FileAssembly`]. A connection that is lost is made
    /// again and goes on with the slice that is due, as with any event. The stream stays open, and may be read on.
    ///
    /// It waits for a sender for as long as the stream does: [`event_timeout`](crate::ConnectOptions::event_timeout) bounds
    /// that.
    ///
    /// ```no_run
    /// use eventwire_client::ConnectOptions;
    /// use eventwire_codec::slices::ReceiveOptions;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let url = "http://127.0.0.1:8844/events?topic=files&start=earliest";
    /// let mut stream = ConnectOptions::new(url).open()?;
    /// let received = stream.receive_file("backup.tar", ReceiveOptions::new().name("backup.tar")).await?;
    /// println!("{} bytes", received.size());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TransferError`]: the slices are not right, or do not come; the file cannot be written; the stream failed.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it removes what it wrote. What it took from the stream is gone.
    pub async fn receive_file(
        &mut self,
        path: impl AsRef<Path>,
        options: ReceiveOptions,
    ) -> Result<Transfer, TransferError<Error>> {
        let path = path.as_ref().to_owned();
        let made = blocking(move || FileAssembly::create(path, options)).await;
        let mut file = made.map_err(TransferError::carried)?;
        while let Some(event) = self.next().await {
            let event = event.map_err(TransferError::Carrier)?;
            if !file.wants(event.event()) {
                continue;
            }
            let taken;
            (file, taken) = blocking(move || {
                let taken = file.take(&event);
                (file, taken)
            })
            .await;
            if taken.map_err(TransferError::carried)? {
                break;
            }
        }
        Ok(file.finish().map_err(TransferError::carried)?.clone())
    }

    /// Receives a payload in slices into memory: as [`receive_file`](Self::receive_file), with the bytes. They are as many as
    /// [`ReceiveOptions::max_size`] at most.
    ///
    /// # Errors
    ///
    /// [`TransferError`]: the slices are not right, or do not come; the stream failed.
    ///
    /// # Cancel safety
    ///
    /// What it took from the stream is gone.
    pub async fn receive_bytes(
        &mut self,
        options: ReceiveOptions,
    ) -> Result<(Transfer, Vec<u8>), TransferError<Error>> {
        let mut assembly = Assembly::new(options)?;
        let mut payload = Vec::new();
        while !assembly.is_complete()
            && let Some(event) = self.next().await
        {
            let event = event.map_err(TransferError::Carrier)?;
            if let Taken::Bytes(bytes) = assembly.take(&event)? {
                payload.extend_from_slice(&bytes);
            }
        }
        Ok((assembly.finish()?.clone(), payload))
    }
}
