//! eventwire-server
