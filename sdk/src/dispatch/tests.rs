//! What exchanges do, over a host that records.
