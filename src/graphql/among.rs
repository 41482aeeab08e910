//! Reference data as children of other rows: the countries of a page of requests, say, as one level, in memory.

use std::sync::Arc;

use async_graphql::Context;

use crate::domain::reference::{ByCode, Named, Reference};
use crate::error::Error;
use crate::graphql::fault::Fallible;
use crate::graphql::level::{Entry, Level};
use crate::store::Map;

/// A row of reference data.
pub type Known<M> = Arc<Named<M>>;

struct Among<M> {
    level: Arc<Level<Known<M>>>,
    /// For each row of the other level, which of these it names.
    of_rows: Vec<Option<usize>>,
}

impl<M> Among<M> {
    fn new<R>(
        level: &Level<R>,
        code_of: impl Fn(&R) -> Result<Option<&str>, Error>,
        table: &ByCode<M>,
    ) -> Result<Self, Error> {
        let (mut rows, mut by_code) = (Vec::new(), Map::default());
        let mut place_of = |code| {
            *by_code.entry(code).or_insert_with(|| {
                let (known, place) = (table.get(code)?, rows.len());
                rows.push(Arc::clone(known));
                Some(place)
            })
        };
        let of_rows = level.rows.iter().map(|row| Ok(code_of(row)?.and_then(&mut place_of)));
        let of_rows = of_rows.collect::<Result<_, Error>>()?;
        let level = Level::new(Arc::clone(&level.reader), rows);
        Ok(Self { level, of_rows })
    }
}

/// What the code of a row stands for, in one level with what the codes of all rows of its level stand for; `code_of` gives a
/// row's.
///
/// # Errors
/// `INTERNAL` where a row was read without its code.
pub fn among<R, M>(
    ctx: &Context<'_>,
    entry: &Entry<R>,
    code_of: impl Fn(&R) -> Result<Option<&str>, Error>,
    table: impl Fn(&Reference) -> &ByCode<M>,
) -> Fallible<Option<Entry<Known<M>>>>
where
    M: Send + Sync + 'static,
{
    let level = entry.level();
    let make = || Ok(Among::new(level, code_of, table(level.reader.reference()))?);
    let among = level.beside(ctx, make)?;
    let place = among.of_rows.get(entry.index()).copied().flatten();
    Ok(place.map(|place| Entry::new(Arc::clone(&among.level), place)))
}

/// The same for a code that a foreign key keeps known.
///
/// # Errors
/// `INTERNAL` where it is not known all the same.
pub fn surely_among<R, M>(
    ctx: &Context<'_>,
    entry: &Entry<R>,
    code_of: impl Fn(&R) -> Result<Option<&str>, Error>,
    table: impl Fn(&Reference) -> &ByCode<M>,
) -> Fallible<Entry<Known<M>>>
where
    M: Send + Sync + 'static,
{
    let found = among(ctx, entry, &code_of, table)?;
    found.ok_or_else(|| match entry.row().and_then(&code_of) {
        Ok(code) => Error::internal(format!("no reference data for the code {code:?}")).into(),
        Err(error) => error.into(),
    })
}
