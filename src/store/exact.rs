//! Sums that are exact however large: one value fits 64 bits, sums of them do not. PostgreSQL sums as numeric. SQLite's
//! own sum of integers overflows, so it sums parts of 32 bits, which are put together again here.

use sea_orm::sea_query::{Expr, ExprTrait, Func, SelectStatement};
use sea_orm::{DbBackend, DbErr, QueryResult};

/// Bits of the part of a factor that is multiplied by itself: times the largest unit cost it still fits 64 bits.
const FACTOR_BITS: u32 = 19;
const PART_BITS: u32 = 32;

/// What is summed over the rows of a group. NULL counts nothing.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    /// A whole number, or a product of two, that fits 64 bits in every row.
    Whole(Expr),
    /// The first times the second, where the product may not fit: the open pledges of one item, as many as one likes,
    /// times its unit cost.
    Product(Expr, Expr),
}

impl Term {
    /// How many columns stand for it.
    const fn width(&self, backend: DbBackend) -> usize {
        match (backend, self) {
            (DbBackend::Postgres, _) => 1,
            (_, Self::Whole(_)) => 2,
            (_, Self::Product(..)) => 4,
        }
    }

    fn add_to(self, select: &mut SelectStatement, backend: DbBackend) {
        match (backend, self) {
            (DbBackend::Postgres, Self::Whole(value)) => numeric(select, value),
            (DbBackend::Postgres, Self::Product(a, b)) => numeric(select, a.cast_as("numeric").mul(b)),
            (_, Self::Whole(value)) => parts(select, &value),
            (_, Self::Product(a, b)) => {
                parts(select, &a.clone().right_shift(FACTOR_BITS).mul(b.clone()));
                parts(select, &a.bit_and((1_i64 << FACTOR_BITS) - 1).mul(b));
            }
        }
    }
}

fn numeric(select: &mut SelectStatement, value: Expr) {
    // A sum of 32-bit numbers would be a 64-bit one: numeric from the start.
    select.expr(Func::sum(value.cast_as("numeric")).cast_as("text"));
}

fn parts(select: &mut SelectStatement, value: &Expr) {
    select.expr(Func::sum(value.clone().right_shift(PART_BITS)));
    select.expr(Func::sum(value.clone().bit_and((1_i64 << PART_BITS) - 1)));
}

/// The sums of a statement, as they stand in its rows.
#[derive(Debug)]
pub(crate) struct ExactSums {
    backend: DbBackend,
    from: usize,
    widths: Vec<usize>,
}

impl ExactSums {
    /// Selects the sums of `terms`; `from` is how many columns the statement selected before them.
    pub(crate) fn select(backend: DbBackend, select: &mut SelectStatement, from: usize, terms: Vec<Term>) -> Self {
        let widths = terms.iter().map(|term| term.width(backend)).collect();
        for term in terms {
            term.add_to(select, backend);
        }
        Self { backend, from, widths }
    }

    /// The sums of one row, in the order of the terms.
    pub(crate) fn read(&self, row: &QueryResult) -> Result<Vec<i128>, DbErr> {
        let mut index = self.from;
        let mut sums = Vec::with_capacity(self.widths.len());
        for width in &self.widths {
            sums.push(match (self.backend, width) {
                (DbBackend::Postgres, _) => read_numeric(row, index)?,
                (_, 2) => read_parts(row, index)?,
                _ => (read_parts(row, index)? << FACTOR_BITS) + read_parts(row, index + 2)?,
            });
            index += width;
        }
        Ok(sums)
    }

    /// The same as an array.
    pub(crate) fn read_array<const N: usize>(&self, row: &QueryResult) -> Result<[i128; N], DbErr> {
        let sums = self.read(row)?;
        <[i128; N]>::try_from(sums).map_err(|sums| DbErr::Type(format!("{} sums, not {N}", sums.len())))
    }
}

fn read_numeric(row: &QueryResult, index: usize) -> Result<i128, DbErr> {
    match row.try_get_by_index::<Option<String>>(index)? {
        None => Ok(0),
        Some(text) => text
            .parse()
            .map_err(|_| DbErr::Type(format!("{text} is no whole number"))),
    }
}

fn read_parts(row: &QueryResult, index: usize) -> Result<i128, DbErr> {
    let part = |index| {
        row.try_get_by_index::<Option<i64>>(index)
            .map(|part| i128::from(part.unwrap_or(0)))
    };
    Ok((part(index)? << PART_BITS) + part(index + 1)?)
}
