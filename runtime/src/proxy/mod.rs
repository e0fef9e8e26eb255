//! The standalone proxy: configuration, sockets, routing and administration.

pub mod config;
