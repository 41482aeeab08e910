//! Organizations.

mod object;

pub use object::Organization;
