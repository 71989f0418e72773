//! eventwire-node
