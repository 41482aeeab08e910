//! What a write of a contribution begins with: finding what it names, where the actor may see it, and keeping its request
//! from ending meanwhile.

use entity::{assistance_request as ar, contribution as co, delivery as de, request_item as ri};
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, IntoIden, JoinType, Query};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::store::condition::visible_request;
use crate::store::{Write, turn};

/// What names a contribution or an item to a write.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    /// An item, by its id.
    Item(Uuid),
    /// A contribution, by its id.
    Contribution(Uuid),
    /// The contribution of a delivery, by the delivery's id.
    Delivery(Uuid),
}

/// The item or contribution that is named, and its request, where the actor may see it; the request is kept from ending
/// until the transaction does. What is not there and what is hidden take the same one statement, so that not even the
/// time of an answer tells them apart.
pub(super) async fn hold(w: &Write, named: Named) -> Result<Option<(Uuid, ar::Model)>, DbErr> {
    let [of, part, request]: [DynIden; 3] = ["o", "p", "r"].map(IntoIden::into_iden);
    let mut select = Query::select();
    match named {
        Named::Item(id) => select
            .from_as(ri::Entity, of.clone())
            .and_where(Expr::col((of.clone(), ri::Column::Id)).eq(id)),
        Named::Contribution(id) => select
            .from_as(co::Entity, of.clone())
            .and_where(Expr::col((of.clone(), co::Column::Id)).eq(id)),
        Named::Delivery(id) => select
            .from_as(de::Entity, part.clone())
            .join_as(
                JoinType::InnerJoin,
                co::Entity,
                of.clone(),
                Expr::col((of.clone(), co::Column::Id)).equals((part.clone(), de::Column::ContributionId)),
            )
            .and_where(Expr::col((part, de::Column::Id)).eq(id)),
    };
    select
        .columns([(of.clone(), "id"), (of.clone(), "request_id")])
        .join_as(
            JoinType::InnerJoin,
            ar::Entity,
            request.clone(),
            Expr::col((request.clone(), ar::Column::Id)).equals((of, "request_id")),
        )
        .and_where(visible_request(&w.actor, &request));
    if w.backend() == DbBackend::Postgres {
        select.expr(Expr::cust(turn::shared_by("o.request_id")));
    }
    let Some(found) = w.tx.query_one(&select).await? else {
        return Ok(None);
    };
    let request = read(w, found.try_get_by_index(1)?).await?;
    let id = found.try_get_by_index(0)?;
    Ok(request.map(|request| (id, request)))
}

/// The request, where the actor may see it, kept from ending until the transaction does.
pub(super) async fn hold_request(w: &Write, id: Uuid) -> Result<Option<ar::Model>, DbErr> {
    turn::share(w, id).await?;
    read(w, id).await
}

/// The request as it is, now that its turn is shared.
async fn read(w: &Write, id: Uuid) -> Result<Option<ar::Model>, DbErr> {
    let table = ar::Entity.into_iden();
    let query = ar::Entity::find_by_id(id).filter(visible_request(&w.actor, &table));
    let found = match w.backend() {
        DbBackend::Postgres => query.lock_shared().one(&w.tx).await?,
        _ => query.one(&w.tx).await?,
    };
    if let Some(request) = &found {
        w.journal.saw(request);
    }
    Ok(found)
}
