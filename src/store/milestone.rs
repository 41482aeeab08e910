//! What is done once in a database's life, and when it was.

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Query};

use std::sync::Arc;

use crate::domain::actor::Actor;
use crate::error::Error;
use crate::store::{Consistency, Outcome, Store};

/// Whether it has been done.
///
/// # Errors
/// The database's.
pub async fn is_reached(store: &Store, name: &str) -> Result<bool, Error> {
    let reader = store.reader(Arc::new(Actor::system()), Consistency::Statement);
    let select = Query::select()
        .column(Alias::new("name"))
        .from(Alias::new("milestone"))
        .and_where(Expr::col(Alias::new("name")).eq(name))
        .take();
    Ok(!reader.all(&select).await?.is_empty())
}

/// Remembers that it has been done. The first time counts.
///
/// # Errors
/// The database's.
pub async fn reach(store: &Store, name: &'static str) -> Outcome<()> {
    store
        .write(Arc::new(Actor::system()), move |w| {
            Box::pin(async move {
                let insert = Query::insert()
                    .into_table(Alias::new("milestone"))
                    .columns([Alias::new("name"), Alias::new("reached_at")])
                    .values_panic([name.into(), w.now.into()])
                    .on_conflict(OnConflict::column(Alias::new("name")).do_nothing().to_owned())
                    .take();
                w.tx.execute(&insert).await?;
                Ok(())
            })
        })
        .await
}
