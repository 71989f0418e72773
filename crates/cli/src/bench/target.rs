//! The server that is measured: where it is, and what is asked of it.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::json;
use socket2::{Domain, Protocol, Socket, Type};
use url::Url;

use super::args::Common;
use crate::address;
use crate::failure::Failure;

/// How many connections one local address is given; the system has some 28,000 ports for each.
const PER_SOURCE: usize = 5000;
/// How long a publisher's connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where to subscribe and publish.
#[derive(Debug)]
pub(super) struct Target {
    /// For people.
    pub(super) url: Url,
    stream: SocketAddr,
    publish: SocketAddr,
    /// The request of a subscription, without `Last-Event-ID` and the blank line.
    subscribe_head: String,
    /// The request of a publish, without `Content-Length` and the blank line.
    publish_head: String,
    /// What is before and between and behind the data.
    body: Vec<String>,
    sources: Vec<IpAddr>,
}

impl Target {
    /// For `connections` at a time.
    pub(super) fn new(common: &Common, connections: usize) -> Result<Self, Failure> {
        let mut url = address::events(&common.url)?;
        let ours = common.publish_url.is_none();
        if ours && !url.query_pairs().any(|(name, _)| name == "topic") {
            url.query_pairs_mut().append_pair("topic", &common.topic);
        }
        let publish = match &common.publish_url {
            Some(typed) => address::events(typed)?,
            None => {
                let mut publish = url.clone();
                publish.set_query(None);
                publish
            }
        };
        let mut headers = String::new();
        for (name, value) in &common.headers {
            if name.chars().chain(value.chars()).any(char::is_control) {
                let why = format!("the header {name:?} has a control character: it cannot be sent");
                return Err(Failure::Said(why));
            }
            let _ = write!(headers, "{name}: {value}\r\n");
        }
        let stream = resolve(&url)?;
        let default_type = if ours {
            "application/json"
        } else {
            "text/plain"
        };
        let template = common.publish_body.clone().unwrap_or_else(|| {
            if ours {
                json!({ "topic": common.topic, "data": "{data}" }).to_string()
            } else {
                "{data}".to_owned()
            }
        });
        Ok(Self {
            publish: resolve(&publish)?,
            subscribe_head: format!(
                "{}Accept: text/event-stream\r\nCache-Control: no-cache\r\n{headers}",
                request("GET", &url)
            ),
            publish_head: format!(
                "{}Content-Type: {}\r\n{headers}",
                request("POST", &publish),
                common.publish_type.as_deref().unwrap_or(default_type)
            ),
            body: template.split("{data}").map(str::to_owned).collect(),
            sources: sources(common, stream.ip(), connections)?,
            url,
            stream,
        })
    }

    /// The bytes of a subscription; no `Last-Event-ID` where it is empty.
    pub(super) fn subscribe(&self, last_event_id: &str) -> Vec<u8> {
        let mut request = self.subscribe_head.clone();
        if !last_event_id.is_empty() {
            let _ = write!(request, "Last-Event-ID: {last_event_id}\r\n");
        }
        request.push_str("\r\n");
        request.into_bytes()
    }

    /// Appends the bytes of a publish.
    pub(super) fn publish(&self, data: &str, out: &mut Vec<u8>) {
        let body = self.body.join(data);
        let length = body.len();
        out.extend_from_slice(self.publish_head.as_bytes());
        out.extend_from_slice(format!("Content-Length: {length}\r\n\r\n{body}").as_bytes());
    }

    /// Begins to connect a subscriber, the how manieth it is saying from which address.
    pub(super) fn connect(
        &self,
        index: usize,
        receive_buffer: Option<usize>,
    ) -> io::Result<TcpStream> {
        let domain = Domain::for_address(self.stream);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        // Cut, not closed: thousands that this side has closed would keep their ports for a minute.
        socket.set_linger(Some(Duration::ZERO))?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        if !self.sources.is_empty() {
            let source = self.sources[index % self.sources.len()];
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        socket.set_nonblocking(true)?;
        match socket.connect(&self.stream.into()) {
            Ok(()) => {}
            Err(error) if is_under_way(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(socket.into())
    }

    /// Connects a publisher.
    pub(super) fn connect_publisher(&self) -> io::Result<TcpStream> {
        let socket = TcpStream::connect_timeout(&self.publish, PATIENCE)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

fn request(method: &str, url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let query = url
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    format!(
        "{method} {}{query} HTTP/1.1\r\nHost: {host}{port}\r\n",
        url.path()
    )
}

fn resolve(url: &Url) -> Result<SocketAddr, Failure> {
    if url.scheme() != "http" {
        let why = format!(
            "{url} is no http:// address: a benchmark speaks plain HTTP/1.1, so give where the server listens without TLS"
        );
        return Err(Failure::Said(why));
    }
    let host = url.host_str().unwrap_or_default();
    // An IPv6 address stands in brackets there.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or(80);
    let mut found = (host, port).to_socket_addrs().map_err(|error| {
        Failure::Said(format!("cannot find {host} ({error}): check the URL {url}"))
    })?;
    found
        .next()
        .ok_or_else(|| Failure::Said(format!("{host} has no address: check the URL {url}")))
}

fn sources(common: &Common, server: IpAddr, connections: usize) -> Result<Vec<IpAddr>, Failure> {
    if let Some(wrong) = common
        .source
        .iter()
        .find(|source| source.is_ipv4() != server.is_ipv4())
    {
        let why =
            format!("--source {wrong} cannot reach {server}: both must be IPv4, or both IPv6");
        return Err(Failure::Said(why));
    }
    let is_local = matches!(server, IpAddr::V4(address) if address.is_loopback());
    // Only Linux has every 127 address.
    if !common.source.is_empty() || !is_local || !cfg!(target_os = "linux") {
        return Ok(common.source.clone());
    }
    let count = connections.div_ceil(PER_SOURCE).clamp(1, 254);
    Ok((1..=count)
        .map(|last| Ipv4Addr::new(127, 0, 0, last as u8).into())
        .collect())
}
