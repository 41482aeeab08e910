//! Which share of the rows passes a test, told to a planner that has no statistics of its own.
//!
//! SQLite's planner takes any test for equality as one that few rows pass: it reads all that the index of the tested column leads to
//! and sorts them, where nearly all requests have the status that is asked for and walking the index of the order would have found
//! a page at once. At 200,000 requests the first 50 verified ones by their day took 200 ms, and 0.1 with the share. PostgreSQL has
//! statistics.

use entity::enums::{Priority, RequestStatus};
use sea_orm::DbBackend;
use sea_orm::sea_query::Expr;

use crate::domain::filter::Choice;

/// Shares that are told, so that the texts of statements are few.
const TOLD: [f64; 4] = [0.01, 0.05, 0.25, 0.5];
/// What is told of a larger one.
const MOST: f64 = 0.9;

/// `test`, which this share of the rows passes, about.
pub(super) fn passed_by(backend: DbBackend, share: f64, test: Expr) -> Expr {
    if backend != DbBackend::Sqlite {
        return test;
    }
    let told = TOLD.into_iter().find(|told| share <= *told).unwrap_or(MOST);
    Expr::cust_with_exprs(format!("likelihood(?, {told})"), [test])
}

/// What passes a test on a column that is never null, by what usually has each value.
fn passing<T>(test: &Choice<T>, usual: impl Fn(&T) -> f64) -> f64 {
    match test {
        Choice::Eq(one) => usual(one),
        Choice::Ne(one) => 1.0 - usual(one),
        Choice::In(these) => these.iter().map(usual).sum(),
        Choice::NotIn(these) => 1.0 - these.iter().map(usual).sum::<f64>(),
        Choice::IsNull(null) => f64::from(u8::from(!null)),
    }
}

/// Requests of a status, of all: most stay verified until they are closed, and what comes before takes days.
pub(super) fn of_status(test: &Choice<RequestStatus>) -> f64 {
    passing(test, |status| match status {
        RequestStatus::Verified => 0.8,
        RequestStatus::Closed => 0.25,
        _ => 0.05,
    })
}

/// Requests of a priority, of all.
pub(super) fn of_priority(test: &Choice<Priority>) -> f64 {
    passing(test, |_| 0.25)
}

/// Requests of so many countries, of all countries'.
#[allow(clippy::cast_precision_loss, reason = "countries are few")]
pub(super) fn of_countries(count: usize, all: usize) -> f64 {
    count as f64 / all.max(1) as f64
}
