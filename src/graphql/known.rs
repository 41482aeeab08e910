//! Lists of reference data: ordered and cut in memory, by the same cursors as any other list.

use std::fmt::Debug;
use std::sync::Arc;

use async_graphql::Context;

use crate::graphql::among::Known;
use crate::graphql::context::request;
use crate::graphql::fault::Fallible;
use crate::graphql::level::Entry;
use crate::store::Reader;
use crate::store::page::{Arguments, KeyValue, Page, Paging};

/// How the list of one noun is ordered.
#[derive(Debug)]
pub struct Listing<M, F> {
    /// The GraphQL type: a cursor is good for no other.
    pub noun: &'static str,
    /// By what, where no order is given.
    pub default: F,
    /// What tells two rows apart that are equal in everything else.
    pub tie: F,
    /// What a row is ordered by.
    pub key: fn(&Known<M>, F) -> KeyValue,
}

impl<M, F: Copy + Debug> Listing<M, F> {
    /// The page of `rows` that the arguments ask for, as one level. `order` has what to order by and whether the
    /// largest comes first; `filter` is what the rows have passed.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` and `BAD_CURSOR`, as the arguments deserve.
    pub fn page(
        &self,
        ctx: &Context<'_>,
        reader: &Arc<Reader>,
        arguments: &Arguments,
        mut order: Vec<(F, bool)>,
        filter: &impl Debug,
        rows: impl Iterator<Item = Known<M>>,
    ) -> Fallible<Page<Entry<Known<M>>>> {
        if order.is_empty() {
            order.push((self.default, false));
        }
        let limits = &request(ctx)?.limits;
        let paging = Paging::new(
            arguments,
            limits.default_page,
            limits.reference_page,
            self.noun,
            &format!("{order:?}"),
            &format!("{filter:?}"),
        )?;
        let ties_descend = order.first().is_some_and(|(_, descending)| *descending);
        order.push((self.tie, ties_descend));
        let descending: Vec<bool> = order.iter().map(|(_, descending)| *descending).collect();
        let page = paging.of_memory(rows, &descending, |row, values| {
            values.extend(order.iter().map(|(field, _)| (self.key)(row, *field)));
        });
        Ok(Entry::page(reader, page))
    }
}

/// Declares what a noun can be ordered by: the enum's fields are named where it is declared.
macro_rules! order {
    ($(#[$doc:meta])* $order:ident by $field:ty) => {
        $(#[$doc])*
        #[derive(async_graphql::InputObject, Clone, Debug)]
        pub struct $order {
            /// By what.
            field: $field,
            /// In which direction.
            #[graphql(default_with = "OrderDirection::Asc")]
            direction: OrderDirection,
        }

        impl $order {
            /// By what, and whether the largest comes first.
            pub fn parse(order_by: Option<Vec<Self>>) -> Vec<($field, bool)> {
                order_by
                    .into_iter()
                    .flatten()
                    .map(|Self { field, direction }| (field, direction == OrderDirection::Desc))
                    .collect()
            }
        }
    };
}
pub(crate) use order;
