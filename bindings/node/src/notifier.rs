//! One wake-up per environment.

use std::sync::Arc;

use eventwire_bridge::notifier;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

#[derive(Debug)]
#[napi]
pub struct Notifier(pub(crate) Arc<notifier::Notifier>);

#[napi]
impl Notifier {
    /// `wake` is called on the environment's own thread. It does not keep the environment alive: `lib/loop.js` decides
    /// what does.
    #[napi(constructor)]
    pub fn new(wake: Function<'_, (), ()>) -> napi::Result<Self> {
        let wake = wake
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .build()?;
        Ok(Self(Arc::new(notifier::Notifier::new(move || {
            // An environment that ends takes no more calls: then nobody is left to be woken.
            wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }))))
    }

    /// The tokens that became ready.
    #[napi]
    pub fn take(&self) -> Vec<u32> {
        self.0
            .take()
            .into_iter()
            .map(|token| token as u32)
            .collect()
    }
}
