//! The whole client on real sockets, against servers that are written out byte by byte.

mod batches;
mod close;
mod compression;
mod deadline;
mod failures;
mod place;
mod prepare;
mod proxy;
mod publish;
mod reconnect;
mod restart;
mod secrets;
mod self_signed;
mod server;
mod shared;
mod tls;
mod tls_redirects;
mod transport;
