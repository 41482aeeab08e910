//! The ledger: what each write changed, once, in one order without gaps, chained by hashes. It is the audit trail, the
//! change feed, and what tells other servers that something is new.

mod feed;
mod flush;
mod journal;
mod number;
mod read;
mod recorded;
mod verify;

pub use feed::{Batch, Feed, Head, LEASE, Touching, follow};
pub use read::{ChangeFilter, Edge, Of, by_sequences, cursor_of, head, page, pages_of_requests, position_of};
pub use verify::{Broken, Verified, export, verify};

pub(crate) use flush::flush;
pub(crate) use journal::Journal;
pub(crate) use number::settle;
pub(crate) use recorded::{Part, Recorded};
