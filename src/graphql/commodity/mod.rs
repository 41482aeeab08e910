//! Commodities.

mod filter;
mod mutation;
mod object;
mod query;

pub use filter::CommodityFilter;
pub use mutation::CommodityMutation;
pub use object::{Commodity, CommodityConnection, commodity_page};
pub use query::{CommodityOrder, CommodityQuery};
