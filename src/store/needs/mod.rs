//! Needs added up: totals of reference data and requests, the analysis by any dimensions, and the timeline. Whatever the
//! number of rows, each is a fixed small number of statements, and every sum is exact.

mod analysis;
mod source;
mod summary;
mod timeline;
mod totals;

use chrono::{DateTime, Utc};

pub use analysis::{Analysis, Dimension, GroupRow, MAX_GROUPS, OrderBy, OrderField, analysis};
pub(in crate::store) use summary::{Folded, Summary};
pub use summary::{follow, refresh};
pub use timeline::{Span, timeline};
pub use totals::{Of, totals_of};

use crate::domain::filter::{Filter, ItemField, RequestField};
use crate::error::Error;
use crate::store::Reader;
use crate::store::condition::resolve;

/// Which items are added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Those of these requests. Unless a status is tested anywhere, only of VERIFIED and CLOSED ones.
    pub requests: Filter<RequestField>,
    /// And of them, these.
    pub items: Filter<ItemField>,
    /// Requests of any status, whether one is tested or not.
    pub any_status: bool,
    /// The figures as they were known at this moment; now where absent.
    pub as_of: Option<DateTime<Utc>>,
}

impl Asked {
    /// Whether only VERIFIED and CLOSED requests count.
    fn counts_verified_only(&self) -> bool {
        !self.any_status && !self.requests.mentions_status() && !self.items.mentions_status()
    }

    /// The same with filters that need no more SQL.
    async fn resolved(&self, reader: &Reader) -> Result<Self, Error> {
        Ok(Self {
            requests: resolve::request(reader, &self.requests).await?,
            items: resolve::item(reader, &self.items).await?,
            any_status: self.any_status,
            as_of: self.as_of,
        })
    }
}

/// How many requests pass a filter that needs no more SQL, told from the sums in memory in one statement, which costs the same however many they
/// are. None where rows must tell: where something else than country, status and priority is tested, or no status, or one
/// in which requests are not for everybody.
///
/// # Errors
/// The database's.
pub(in crate::store) async fn count(reader: &Reader, filter: &Filter<RequestField>) -> Result<Option<u64>, Error> {
    if !filter.mentions_status() {
        return Ok(None);
    }
    let asked = Asked {
        requests: filter.clone(),
        ..Asked::default()
    };
    summary::count(reader, &asked).await
}
