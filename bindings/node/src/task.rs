//! Operations that end later. Each kind of answer has its class, since JavaScript has no generic ones.

use eventwire_bridge::failure::Failure;
use eventwire_bridge::task;
use napi_derive::napi;

use crate::failure::{Result, raise};
use crate::hub::Server;
use crate::notifier::Notifier;

/// Takes the answer of a task, where it is there.
fn answer<T: Send + 'static>(task: &task::Task<T>) -> Result<Option<T>> {
    task.take().transpose().map_err(raise)
}

/// An operation whose answer is an id.
#[derive(Debug)]
#[napi]
pub struct IdTask(pub(crate) task::Task<String>);

#[napi]
impl IdTask {
    #[napi]
    pub fn take(&self) -> Result<Option<String>> {
        answer(&self.0)
    }

    #[napi]
    pub fn listen(&self, notifier: &Notifier, token: u32) {
        self.0.listen(notifier.0.clone(), token.into());
    }
}

/// An operation whose answer is ids.
#[derive(Debug)]
#[napi]
pub struct IdsTask(pub(crate) task::Task<Vec<String>>);

#[napi]
impl IdsTask {
    #[napi]
    pub fn take(&self) -> Result<Option<Vec<String>>> {
        answer(&self.0)
    }

    #[napi]
    pub fn listen(&self, notifier: &Notifier, token: u32) {
        self.0.listen(notifier.0.clone(), token.into());
    }
}

/// An operation whose answer is a server.
#[derive(Debug)]
#[napi]
pub struct ServerTask(pub(crate) task::Task<eventwire_bridge::hub::Server>);

#[napi]
impl ServerTask {
    #[napi]
    pub fn take(&self) -> Result<Option<Server>> {
        Ok(answer(&self.0)?.map(Server))
    }

    #[napi]
    pub fn listen(&self, notifier: &Notifier, token: u32) {
        self.0.listen(notifier.0.clone(), token.into());
    }
}

/// An operation whose answer is whether it was done in time.
#[derive(Debug)]
#[napi]
pub struct DoneTask(pub(crate) task::Task<bool>);

#[napi]
impl DoneTask {
    #[napi]
    pub fn take(&self) -> Result<Option<bool>> {
        answer(&self.0)
    }

    #[napi]
    pub fn listen(&self, notifier: &Notifier, token: u32) {
        self.0.listen(notifier.0.clone(), token.into());
    }
}

/// Starts what may fail before it begins.
pub(crate) fn start<T, W>(
    task: std::result::Result<task::Task<T>, Failure>,
    wrap: fn(task::Task<T>) -> W,
) -> Result<W> {
    task.map(wrap).map_err(raise)
}
