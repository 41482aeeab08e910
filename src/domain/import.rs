//! Requests that come in bulk, and what became of each.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::assistance_request::RequestForm;
use crate::domain::problem::Problems;

/// One request of an import.
#[derive(Clone, Debug)]
pub struct ImportForm {
    /// What was entered; source and external id are there.
    pub form: RequestForm,
    /// Day on which the source says that the need stands; today where it says nothing.
    pub confirmed_on: Option<NaiveDate>,
    /// Day on which the source verified it, in the operator's imports that land VERIFIED.
    pub verified_on: Option<NaiveDate>,
}

/// How an import lands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Hand in what is new or being edited.
    pub submit: bool,
    /// Land VERIFIED: the operator vouches for the source. Quantities and approvals change together.
    pub verified: bool,
    /// Tell what would happen, and change nothing.
    pub dry_run: bool,
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RowOutcome {
    /// A new request.
    Created(Uuid),
    /// A request that was changed.
    Updated(Uuid),
    /// A request that already says the same.
    Unchanged(Uuid),
    /// Nothing, for these reasons; paths are within the row.
    Failed(Problems),
}
