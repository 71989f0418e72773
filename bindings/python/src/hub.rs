//! The hub, its subscriptions and its server.

use std::time::Duration;

use eventwire_bridge::hub::{
    Hub as Inner, HubOptions, Message, ServeOptions, Server as ServerHandle, SubscribeOptions,
    Subscription as SubscriptionHandle,
};
use eventwire_bridge::mailbox::Waited;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arguments::{count, delay, limit, size, time, whole};
use crate::batch::{End, drained};
use crate::failure::OrRaise;
use crate::notifier::Notifier;
use crate::task::Task;
use crate::waiting::until;

/// The warning for one of several hubs in memory; None where this process was given it before.
#[pyfunction]
pub(crate) fn several_processes(evidence: &str) -> Option<String> {
    eventwire_bridge::hub::several_processes(evidence)
}

/// A message among many: topics, data, event, key.
pub(crate) type Fields = (Vec<String>, String, Option<String>, Option<String>);

pub(crate) fn message((topics, data, event, key): Fields) -> Message {
    Message {
        topics,
        data,
        event,
        key,
    }
}

/// A hub of this process. Any thread may use it.
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct Hub(Inner);

#[pymethods]
impl Hub {
    #[new]
    #[pyo3(signature = (store, *, max_events, max_bytes, max_age, max_event, max_topics, retained, max_retained_bytes, heartbeat, retry, slow, store_timeout))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        store: String,
        max_events: i64,
        max_bytes: i64,
        max_age: Option<f64>,
        max_event: i64,
        max_topics: i64,
        retained: Vec<(String, i64)>,
        max_retained_bytes: i64,
        heartbeat: Option<f64>,
        retry: Option<i64>,
        slow: String,
        store_timeout: Option<f64>,
    ) -> PyResult<Self> {
        let options = HubOptions {
            store,
            max_events: count("max_events", max_events)?,
            max_bytes: count("max_bytes", max_bytes)?,
            max_event: count("max_event", max_event)?,
            max_topics: count("max_topics", max_topics)?,
            retained: retained
                .into_iter()
                .map(|(topic, count)| {
                    let count = size(&format!("retained[{topic:?}]"), count)?;
                    Ok((topic, count))
                })
                .collect::<PyResult<_>>()?,
            max_retained_bytes: size("max_retained_bytes", max_retained_bytes)?,
            max_age: limit("max_age", max_age)?,
            heartbeat: limit("heartbeat", heartbeat)?,
            retry: retry
                .map(|retry| whole("retry", retry))
                .transpose()?
                .map(Duration::from_millis),
            slow,
            store_timeout: limit("store_timeout", store_timeout)?,
        };
        Ok(Self(Inner::new(options).or_raise(py)?))
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

    /// Publishes several in one go, each as topics, data, event and key; answers with their ids.
    fn publish_many(&self, py: Python<'_>, messages: Vec<Fields>) -> PyResult<Task> {
        let messages = messages.into_iter().map(message).collect();
        Ok(py
            .detach(|| self.0.publish_many(messages))
            .or_raise(py)?
            .into())
    }

    /// Subscribes, from now on.
    fn subscribe(
        &self,
        py: Python<'_>,
        topics: Vec<String>,
        last_event_id: Option<String>,
        start: String,
        mailbox: i64,
    ) -> PyResult<Subscription> {
        let mailbox = count("mailbox", mailbox)?;
        let options = SubscribeOptions {
            topics,
            last_event_id,
            start,
            mailbox,
        };
        Ok(Subscription(
            py.detach(|| self.0.subscribe(options)).or_raise(py)?,
        ))
    }

    /// Serves the hub over HTTP; answers with the server.
    #[pyo3(signature = (address, *, cors, open_publish, max_connections, max_body, threads, write_timeout, peer_timeout, send_buffer))]
    #[allow(clippy::too_many_arguments)]
    fn serve(
        &self,
        py: Python<'_>,
        address: String,
        cors: Vec<String>,
        open_publish: bool,
        max_connections: Option<i64>,
        max_body: Option<i64>,
        threads: Option<i64>,
        write_timeout: f64,
        peer_timeout: f64,
        send_buffer: i64,
    ) -> PyResult<Task> {
        let optional = |name, given: Option<i64>| given.map(|given| count(name, given)).transpose();
        let options = ServeOptions {
            address,
            cors,
            open_publish,
            max_connections: optional("max_connections", max_connections)?,
            max_body: optional("max_body", max_body)?,
            threads: threads.map(|given| size("threads", given)).transpose()?,
            write_timeout: Some(time("write_timeout", write_timeout)?),
            peer_timeout: Some(time("peer_timeout", peer_timeout)?),
            send_buffer: Some(size("send_buffer", send_buffer)?),
        };
        Ok(py.detach(|| self.0.serve(options)).or_raise(py)?.into())
    }

    /// A JSON object of numbers.
    fn stats(&self, py: Python<'_>) -> PyResult<String> {
        self.0.stats().or_raise(py)
    }

    /// Ends all subscriptions.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// A subscription in the hub's process.
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct Subscription(SubscriptionHandle);

#[pymethods]
impl Subscription {
    /// Starts to read it, the first time: as frames, which are bytes, or as events.
    fn open(&self, py: Python<'_>, frames: bool) -> PyResult<()> {
        py.detach(|| self.0.open(frames)).or_raise(py)
    }

    /// Lets `notifier` tell of `token` whenever there is something to drain.
    fn listen(&self, notifier: &Notifier, token: u64) {
        self.0.listen(notifier.inner(), token);
    }

    /// Blocks until there is something to drain.
    fn wait(&self, py: Python<'_>) -> PyResult<()> {
        until(py, |slice| self.0.wait(slice) == Waited::Ready)
    }

    /// All items that have come, and whether more will: False, True (it has ended) or the exception that ended it.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyList>, End<'py>)> {
        drained(py, self.0.drain())
    }

    /// Ends it, from any thread, and wakes whoever waits.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// A hub that is served.
#[pyclass(module = "eventwire._native", frozen)]
#[derive(Debug)]
pub(crate) struct Server(ServerHandle);

impl From<ServerHandle> for Server {
    fn from(server: ServerHandle) -> Self {
        Self(server)
    }
}

#[pymethods]
impl Server {
    /// Where it listens: "http://host:port".
    #[getter]
    fn url(&self) -> String {
        self.0.url()
    }

    /// How many connections are open.
    #[getter]
    fn connections(&self) -> usize {
        self.0.connections()
    }

    /// How many of them are streams that threads of their own write.
    #[getter]
    fn sharded(&self) -> usize {
        self.0.sharded()
    }

    /// How many connections were refused because there were too many.
    #[getter]
    fn refused(&self) -> u64 {
        self.0.refused()
    }

    /// Lets finite requests finish, ends the streams, waits at most `timeout` seconds; answers with whether all had ended.
    fn drain(&self, py: Python<'_>, timeout: f64) -> PyResult<Task> {
        let timeout = delay("timeout", timeout)?;
        Ok(py.detach(|| self.0.drain(timeout)).or_raise(py)?.into())
    }

    /// Ends it at once.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}
