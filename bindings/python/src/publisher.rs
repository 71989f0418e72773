//! A publisher to a hub that runs elsewhere.

use eventwire_bridge::hub::Message;
use eventwire_bridge::publisher::{Publisher as Inner, PublisherOptions};
use pyo3::prelude::*;

use crate::arguments::{RetryPolicy, Transport, delay, time};
use crate::failure::OrRaise;
use crate::hub::{Fields, message};
use crate::task::Task;

/// A publisher to a hub that runs elsewhere: messages are sent in the order of the calls.
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct Publisher(Inner);

#[pymethods]
impl Publisher {
    #[new]
    #[pyo3(signature = (url, *, headers, retry, timeout, connect_timeout, transport))]
    fn new(
        py: Python<'_>,
        url: String,
        headers: Vec<(String, String)>,
        retry: Option<RetryPolicy>,
        timeout: f64,
        connect_timeout: f64,
        transport: Transport,
    ) -> PyResult<Self> {
        let retry = retry.as_ref().map(RetryPolicy::policy).transpose()?;
        Ok(Self(
            Inner::new(PublisherOptions {
                url,
                headers,
                retry,
                timeout: Some(time("timeout", timeout)?),
                connect_timeout: Some(time("connect_timeout", connect_timeout)?),
                transport: transport.into(),
            })
            .or_raise(py)?,
        ))
    }

    /// Publishes; answers with the event's id.
    fn publish(
        &self,
        py: Python<'_>,
        topics: Vec<String>,
        data: String,
        event: Option<String>,
        key: Option<String>,
    ) -> PyResult<Task> {
        let message = Message {
            topics,
            data,
            event,
            key,
        };
        Ok(py.detach(|| self.0.publish(message)).or_raise(py)?.into())
    }

    /// Publishes several in one request, each as topics, data, event and key; answers with their ids.
    fn publish_many(&self, py: Python<'_>, messages: Vec<Fields>) -> PyResult<Task> {
        let messages = messages.into_iter().map(message).collect();
        Ok(py
            .detach(|| self.0.publish_many(messages))
            .or_raise(py)?
            .into())
    }

    /// Waits for what was published before; answers with True.
    fn flush(&self, py: Python<'_>) -> PyResult<Task> {
        Ok(py.detach(|| self.0.flush()).or_raise(py)?.into())
    }

    /// Takes nothing more, and lets go out what was accepted, for at most `timeout` seconds; answers with whether all of it did.
    fn close(&self, py: Python<'_>, timeout: f64) -> PyResult<Task> {
        let timeout = delay("timeout", timeout)?;
        Ok(py.detach(|| self.0.close(timeout)).or_raise(py)?.into())
    }
}
