//! Bytes in an event.

use eventwire_codec::Event;

use crate::failure::Failure;

/// The data of an event that holds `bytes`: base64.
pub fn encode(bytes: &[u8]) -> String {
    Event::binary(bytes).into_data()
}

/// The bytes that an event with this data holds.
///
/// # Errors
///
/// The data is no base64.
pub fn decode(data: String) -> Result<Vec<u8>, Failure> {
    Ok(Event::new(data).bytes()?)
}
