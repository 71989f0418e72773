//! Errors: the failure as JSON is the message, and the code says so.

use eventwire_bridge::failure::Failure;

/// What a native function returns.
pub(crate) type Result<T> = napi::Result<T, &'static str>;

/// The `code` by which `lib/errors.js` knows an error of ours.
pub(crate) const CODE: &str = "EVENTWIRE_FAILURE";

pub(crate) fn raise(failure: Failure) -> napi::Error<&'static str> {
    napi::Error::new(CODE, failure.to_json())
}
