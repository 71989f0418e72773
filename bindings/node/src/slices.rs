//! Bytes in an event, and payloads in slices.

use eventwire_bridge::{binary, slices};
use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;

use crate::failure::{Result, raise};
use crate::task::{self, DoneTask};

/// The data of an event that holds these bytes.
#[napi]
pub fn binary_data(bytes: &[u8]) -> String {
    binary::encode(bytes)
}

/// The bytes that an event with this data holds.
#[napi]
pub fn binary_bytes(data: String) -> Result<Uint8Array> {
    Ok(binary::decode(data).map_err(raise)?.into())
}

#[napi(object, object_from_js = false)]
pub struct Transfer {
    pub name: String,
    pub size: f64,
    pub count: f64,
    pub slice_size: f64,
    pub sha256: String,
}

impl From<slices::Transfer> for Transfer {
    fn from(transfer: slices::Transfer) -> Self {
        Self {
            name: transfer.name().to_owned(),
            size: transfer.size() as f64,
            count: transfer.count() as f64,
            slice_size: transfer.slice_size() as f64,
            sha256: transfer.sha256().to_owned(),
        }
    }
}

#[napi(object, object_to_js = false)]
pub struct SendOptions {
    /// Or `bytes`.
    pub path: Option<String>,
    pub bytes: Option<Buffer>,
    pub name: Option<String>,
    pub slice_size: Option<f64>,
    pub event: Option<String>,
    pub last_event_id: Option<String>,
}

/// A slice as an event, and the key to publish it with.
#[napi(object, object_from_js = false)]
pub struct Sliced {
    pub event: String,
    pub data: String,
    pub id: String,
    pub key: String,
}

#[derive(Debug)]
#[napi]
pub struct Slices(slices::Slices);

#[napi]
impl Slices {
    #[napi(constructor)]
    pub fn new(options: SendOptions) -> Result<Self> {
        let mut built = slices::SendOptions::new();
        if let Some(name) = options.name {
            built = built.name(name);
        }
        if let Some(bytes) = options.slice_size {
            built = built.slice_size(bytes as usize);
        }
        if let Some(event) = options.event {
            built = built.event(event);
        }
        if let Some(id) = options.last_event_id {
            built = built.last_event_id(id);
        }
        let source = match options.path {
            Some(path) => slices::Source::Path(path.into()),
            None => slices::Source::Bytes(options.bytes.map(Vec::from).unwrap_or_default()),
        };
        slices::Slices::new(source, built).map(Self).map_err(raise)
    }

    /// Reads the next slice; whether there is one.
    #[napi]
    pub fn advance(&self) -> Result<DoneTask> {
        task::start(self.0.advance(), DoneTask)
    }

    /// The slice that was read; null where it was taken already.
    #[napi]
    pub fn current(&self) -> Option<Sliced> {
        let slices::Sliced {
            event,
            id,
            data,
            key,
        } = self.0.current()?;
        Some(Sliced {
            event,
            data,
            id,
            key,
        })
    }

    #[napi(getter)]
    pub fn transfer(&self) -> Option<Transfer> {
        self.0.transfer().map(Into::into)
    }

    #[napi]
    pub fn close(&self) {
        self.0.close();
    }
}

#[napi(object, object_to_js = false)]
pub struct ReceiveOptions {
    pub name: Option<String>,
    pub max_size: Option<f64>,
    pub event: Option<String>,
}

impl From<ReceiveOptions> for slices::ReceiveOptions {
    fn from(options: ReceiveOptions) -> Self {
        let mut built = Self::new();
        if let Some(name) = options.name {
            built = built.name(name);
        }
        if let Some(bytes) = options.max_size {
            built = built.max_size(bytes as u64);
        }
        if let Some(event) = options.event {
            built = built.event(event);
        }
        built
    }
}

#[derive(Debug)]
#[napi]
pub struct Assembly(slices::Assembly);

#[napi]
impl Assembly {
    #[napi(constructor)]
    pub fn new(options: ReceiveOptions) -> Result<Self> {
        slices::Assembly::new(options.into())
            .map(Self)
            .map_err(raise)
    }

    #[napi]
    pub fn take(&self, event: String, data: String) -> Result<Option<Uint8Array>> {
        Ok(self.0.take(&event, data).map_err(raise)?.map(Into::into))
    }

    #[napi(getter)]
    pub fn transfer(&self) -> Option<Transfer> {
        self.0.transfer().map(Into::into)
    }

    #[napi(getter)]
    pub fn next_index(&self) -> f64 {
        self.0.next_index() as f64
    }

    #[napi(getter)]
    pub fn complete(&self) -> bool {
        self.0.is_complete()
    }

    #[napi]
    pub fn finish(&self) -> Result<Transfer> {
        self.0.finish().map(Into::into).map_err(raise)
    }
}

#[derive(Debug)]
#[napi]
pub struct FileReceiver(slices::FileReceiver);

#[napi]
impl FileReceiver {
    #[napi(constructor)]
    pub fn new(path: String, options: ReceiveOptions) -> Result<Self> {
        slices::FileReceiver::new(path.into(), options.into())
            .map(Self)
            .map_err(raise)
    }

    /// Makes the temporary file.
    #[napi]
    pub fn open(&self) -> Result<DoneTask> {
        task::start(self.0.open(), DoneTask)
    }

    /// Takes an event; whether the file is complete.
    #[napi]
    pub fn take(&self, event: String, data: String) -> Result<DoneTask> {
        task::start(self.0.take(&event, || data), DoneTask)
    }

    #[napi]
    pub fn finish(&self) -> Result<Transfer> {
        self.0.finish().map(Into::into).map_err(raise)
    }

    /// Removes what is not complete.
    #[napi]
    pub fn close(&self) {
        self.0.close();
    }
}
