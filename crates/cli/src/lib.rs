//! eventwire-cli
