//! Reference data as children of other rows: the countries of a page of requests, say, as one level, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Context;

use crate::domain::reference::{ByCode, Named, Reference};
use crate::error::Error;
use crate::graphql::fault::Fallible;
use crate::graphql::level::{Entry, Level};

/// A row of reference data.
pub type Known<M> = Arc<Named<M>>;

struct Among<M> {
    level: Arc<Level<Known<M>>>,
    by_code: HashMap<String, usize>,
}

/// What `code` stands for, in one level with what the codes of all rows of `level` stand for; `code_of` gives a row's.
///
/// # Errors
/// `INTERNAL` where a row was read without its code.
pub fn among<R, M>(
    ctx: &Context<'_>,
    level: &Level<R>,
    code: &str,
    code_of: impl Fn(&R) -> Result<Option<&str>, Error>,
    table: impl Fn(&Reference) -> &ByCode<M>,
) -> Fallible<Option<Entry<Known<M>>>>
where
    M: Send + Sync + 'static,
{
    let make = || {
        let reference = level.reader.reference();
        let mut rows = Vec::new();
        let mut by_code = HashMap::new();
        for row in &level.rows {
            if let Some(code) = code_of(row)?
                && !by_code.contains_key(code)
                && let Some(known) = table(reference).get(code)
            {
                by_code.insert(code.to_owned(), rows.len());
                rows.push(Arc::clone(known));
            }
        }
        Ok(Among {
            level: Level::new(Arc::clone(&level.reader), rows),
            by_code,
        })
    };
    let among = level.beside(ctx, make)?;
    Ok(among
        .by_code
        .get(code)
        .map(|index| Entry::new(Arc::clone(&among.level), *index)))
}

/// The same for a code that a foreign key keeps known.
///
/// # Errors
/// `INTERNAL` where it is not known all the same.
pub fn surely_among<R, M>(
    ctx: &Context<'_>,
    level: &Level<R>,
    code: &str,
    code_of: impl Fn(&R) -> Result<Option<&str>, Error>,
    table: impl Fn(&Reference) -> &ByCode<M>,
) -> Fallible<Entry<Known<M>>>
where
    M: Send + Sync + 'static,
{
    let found = among(ctx, level, code, code_of, table)?;
    found.ok_or_else(|| Error::internal(format!("no reference data for the code {code}")).into())
}
