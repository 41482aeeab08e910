//! The rows of the database, one noun a file, and the enums that are both column and schema.
//!
//! Law of the room: nothing else of ours is named here, and no rule lives here.
//!
//! Numbers are fixed-point integers: `_milli` is thousandths (quantities), `_e4` is ten-thousandths (US dollars a
//! unit). Times are UTC to the microsecond. `_folded` columns hold the text without case and accents.

pub mod api_key;
pub mod assistance_request;
pub mod change;
pub mod change_position;
pub mod commodity;
pub mod contribution;
pub mod country;
pub mod delivery;
pub mod enums;
pub mod movement;
pub mod need_category;
pub mod organization;
pub mod request_history;
pub mod request_item;
pub mod unit;
