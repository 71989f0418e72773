//! What the operating system is told about sockets.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// The probes that may go unanswered before a silent peer counts as vanished.
const PROBES: u32 = 3;

/// How sockets are treated; the same for each that is accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct SocketOptions {
    pub(super) peer_timeout: Duration,
    pub(super) send_buffer: usize,
}

impl SocketOptions {
    pub(super) fn apply(&self, socket: &TcpStream) -> io::Result<()> {
        // An event that waits for an acknowledgement of the one before is late.
        socket.set_nodelay(true)?;
        let socket = SockRef::from(socket);
        // Otherwise the system lets it grow to megabytes for a reader that is slow.
        socket.set_send_buffer_size(self.send_buffer)?;
        // With data under way, its acknowledgement is missed; without any, probes are sent. Together a peer that has vanished
        // is noticed in either case (tcp(7)).
        socket.set_tcp_user_timeout(Some(self.peer_timeout))?;
        let interval = (self.peer_timeout / (PROBES + 1)).max(Duration::from_secs(1));
        let probes = TcpKeepalive::new()
            .with_time(interval)
            .with_interval(interval)
            .with_retries(PROBES);
        socket.set_tcp_keepalive(&probes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_vanished_peer_is_noticed_in_the_time_that_is_set() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (_client, (socket, _)) = (client.unwrap(), accepted.unwrap());
        let options = SocketOptions {
            peer_timeout: Duration::from_secs(20),
            send_buffer: 100_000,
        };
        options.apply(&socket).unwrap();
        assert!(socket.nodelay().unwrap());
        let socket = SockRef::from(&socket);
        assert_eq!(
            socket.tcp_user_timeout().unwrap(),
            Some(Duration::from_secs(20))
        );
        assert!(socket.keepalive().unwrap());
        let probing = socket.tcp_keepalive_time().unwrap()
            + socket.tcp_keepalive_interval().unwrap() * socket.tcp_keepalive_retries().unwrap();
        assert_eq!(probing, Duration::from_secs(20));
        // Linux keeps its own books in the same room, and so doubles it.
        assert_eq!(socket.send_buffer_size().unwrap(), 200_000);
    }
}
