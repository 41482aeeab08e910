//! Reading all reference data into the snapshot in memory.

use entity::{commodity, country, need_category, organization, unit};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, TransactionTrait};

use crate::domain::reference::{Reference, Rows};
use crate::error::Error;
use crate::store::{Store, fault};

/// Reads the five tables and swaps the snapshot in memory. Whoever comes later reads later: an older state never
/// takes the place of a newer one.
///
/// # Errors
/// The database's; the snapshot stays what it was.
pub async fn load(store: &Store) -> Result<(), Error> {
    let _one_at_a_time = store.0.refreshing.lock().await;
    let tx = store.0.read.begin().await.map_err(fault::error)?;
    let rows = rows(&tx).await.map_err(fault::error)?;
    tx.commit().await.map_err(fault::error)?;
    store.set_reference(Reference::new(rows));
    Ok(())
}

/// All rows as this connection sees them.
pub(super) async fn rows(db: &impl ConnectionTrait) -> Result<Rows, DbErr> {
    Ok(Rows {
        countries: country::Entity::find().all(db).await?,
        categories: need_category::Entity::find().all(db).await?,
        units: unit::Entity::find().all(db).await?,
        commodities: commodity::Entity::find().all(db).await?,
        organizations: organization::Entity::find().all(db).await?,
    })
}
