//! Connections that stay open, over real sockets.

pub mod client;
mod events;
pub mod feed;
mod limits;
mod requests;
mod rights;
mod slow;
mod socket;
