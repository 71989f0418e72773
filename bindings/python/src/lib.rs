//! eventwire-python
