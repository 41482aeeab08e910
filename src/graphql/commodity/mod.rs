//! Commodities.

mod filter;
mod object;

pub use filter::CommodityFilter;
pub use object::{Commodity, CommodityConnection, commodity_page};
