//! Flat rows of which only the columns that were asked for are read.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::{ContributionStatus, ItemKind, Locale, Priority, RequestStatus};
use sea_orm::{ActiveEnum, DbErr, QueryResult, RuntimeErr, TryGetable};
use sqlx::Row;
use uuid::Uuid;

/// A value in a column of a row. Pages have thousands of them.
pub(crate) trait Cell: Sized {
    /// Reads the column at this index.
    ///
    /// # Errors
    /// Where it holds no such value.
    fn of(row: &QueryResult, index: usize) -> Result<Self, DbErr>;
}

/// From PostgreSQL without comparing the type of the column with all that could hold such a value, which takes longer than reading
/// it: the columns are ours.
fn cell<'r, T>(row: &'r QueryResult, index: usize) -> Result<T, DbErr>
where
    T: TryGetable + sqlx::Decode<'r, sqlx::Postgres>,
{
    match row.try_as_pg_row() {
        Some(row) => {
            let value = row.try_get_unchecked(index);
            value.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
        }
        None => row.try_get_by_index(index),
    }
}

macro_rules! cells {
    ($($type:ty),*) => {
        $(impl Cell for $type {
            fn of(row: &QueryResult, index: usize) -> Result<Self, DbErr> {
                cell(row, index)
            }
        }

        impl Cell for Option<$type> {
            fn of(row: &QueryResult, index: usize) -> Result<Self, DbErr> {
                cell(row, index)
            }
        })*
    };
}

cells!(bool, i16, i32, i64, String, Uuid);

/// Days from the first of the common era to that from which PostgreSQL counts: 1 January 2000.
const FIRST_DAY: i32 = 730_120;
/// Microseconds from the first of 1970 to the same day.
const FIRST_MOMENT: i64 = 946_684_800_000_000;

/// What PostgreSQL sends as a number, counted from the first of 2000, made in one step where the library adds to a date.
macro_rules! times {
    ($($type:ty: $number:ty => $made:expr;)*) => {
        $(impl Cell for Option<$type> {
            fn of(row: &QueryResult, index: usize) -> Result<Self, DbErr> {
                if row.try_as_pg_row().is_none() {
                    return row.try_get_by_index(index);
                }
                let made: fn($number) -> Option<$type> = $made;
                let number = Option::<$number>::of(row, index)?;
                let beyond = |number| DbErr::Type(format!("beyond what can be told: {number} in column {index}"));
                number.map(|number| made(number).ok_or_else(|| beyond(number))).transpose()
            }
        }

        impl Cell for $type {
            fn of(row: &QueryResult, index: usize) -> Result<Self, DbErr> {
                Option::of(row, index)?.ok_or_else(|| DbErr::Type(format!("nothing in column {index}")))
            }
        })*
    };
}

times! {
    NaiveDate: i32 => |days| NaiveDate::from_num_days_from_ce_opt(days.checked_add(FIRST_DAY)?);
    DateTime<Utc>: i64 => |micros| DateTime::from_timestamp_micros(micros.checked_add(FIRST_MOMENT)?);
}

macro_rules! words {
    ($($enum:ty),*) => {
        $(impl Cell for $enum {
            fn of(row: &QueryResult, index: usize) -> Result<Self, DbErr> {
                Self::try_from_value(&Cell::of(row, index)?)
            }
        })*
    };
}

words!(ContributionStatus, ItemKind, Locale, Priority, RequestStatus);

/// Declares a row of an entity: a struct that holds what was read, with one accessor a column.
macro_rules! row {
    ($(#[$doc:meta])* $name:ident ($cells:ident) of $entity:ident { $($(#[$field_doc:meta])* $field:ident / $column:ident : $type:ty),* $(,)? }) => {
        $(#[$doc])*
        // Boxed: it has room for every column, and is moved several times on its way to who asked for it.
        #[derive(Clone, Debug)]
        pub struct $name(Box<$cells>);

        /// The columns that were read.
        #[derive(Clone, Debug, Default)]
        struct $cells { $($field: Option<$type>),* }

        impl $name {
            /// Every column, in the order of the table.
            pub const COLUMNS: &'static [$entity::Column] = &[$($entity::Column::$column),*];

            /// Reads these columns, which the statement selected first and in this order.
            pub(crate) fn read(result: &sea_orm::QueryResult, columns: &[$entity::Column]) -> Result<Self, sea_orm::DbErr> {
                Self::read_after(0, result, columns)
            }

            /// Reads these columns, which the statement selected in this order after so many others.
            pub(crate) fn read_after(
                others: usize,
                result: &sea_orm::QueryResult,
                columns: &[$entity::Column],
            ) -> Result<Self, sea_orm::DbErr> {
                let mut row = Box::<$cells>::default();
                for (index, column) in (others..).zip(columns) {
                    match column {
                        $($entity::Column::$column => row.$field = Some(crate::store::row::Cell::of(result, index)?),)*
                        #[allow(unreachable_patterns, reason = "an entity may have columns that no reader is shown")]
                        _ => {}
                    }
                }
                Ok(Self(row))
            }

            $($(#[$field_doc])*
            ///
            /// # Errors
            /// `INTERNAL` where the column was not asked for.
            pub fn $field(&self) -> Result<&$type, crate::error::Error> {
                self.0.$field.as_ref().ok_or_else(|| crate::error::Error::internal(concat!("not read: ", stringify!($name), ".", stringify!($field))))
            })*
        }

        /// All of a row that was written.
        impl From<&$entity::Model> for $name {
            fn from(model: &$entity::Model) -> Self {
                Self(Box::new($cells { $($field: Some(model.$field.clone())),* }))
            }
        }
    };
}
pub(crate) use row;
