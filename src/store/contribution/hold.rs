//! What a write of a contribution begins with: finding what it names, where the actor may see it, and keeping its request
//! from ending meanwhile.

use chrono::{DateTime, Utc};
use entity::enums::RequestStatus;
use entity::{assistance_request as ar, contribution as co, delivery as de, request_item as ri};
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, IntoIden, JoinType, LockType, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};
use uuid::Uuid;

use crate::store::condition::visible_request;
use crate::store::{Write, turn};

/// The column with the id of what is named.
const NAMED: &str = "named";

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

/// What a write of contributions asks of their request.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Held {
    /// Its id.
    pub id: Uuid,
    /// The country that asks.
    pub country_code: String,
    /// Where it stands.
    pub status: RequestStatus,
    /// When it was verified.
    pub verified_at: Option<DateTime<Utc>>,
}

/// The item or contribution that is named, and its request, where the actor may see it; the request is kept from ending
/// until the transaction does. What is not there and what is hidden take the same one statement, so that not even the
/// time of an answer tells them apart.
///
/// The request is what it is when its turn has come, though the statement began before: PostgreSQL waits for the turn while it
/// finds the row, then locks it, and reads anew one that was changed by then. Of what else is found only the id can be
/// trusted, which never changes.
pub(super) async fn hold(w: &Write, named: Named) -> Result<Option<(Uuid, Held)>, DbErr> {
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
        .expr_as(Expr::col((of.clone(), "id")), NAMED)
        .join_as(
            JoinType::InnerJoin,
            ar::Entity,
            request.clone(),
            Expr::col((request.clone(), ar::Column::Id)).equals((of, "request_id")),
        )
        .and_where(visible_request(&w.actor, &request));
    add_request(w, &mut select, &request);
    if w.backend() == DbBackend::Postgres {
        select.expr(Expr::cust(turn::shared_by("o.request_id")));
    }
    let Some(found) = w.tx.query_one(&select).await? else {
        return Ok(None);
    };
    let held = Held::from_query_result(&found, "")?;
    w.journal
        .saw(held.id, &held.country_code, held.status, held.verified_at);
    Ok(Some((found.try_get("", NAMED)?, held)))
}

/// The request, where the actor may see it, kept from ending until the transaction does.
pub(super) async fn hold_request(w: &Write, id: Uuid) -> Result<Option<Held>, DbErr> {
    turn::share(w, id).await?;
    let request = ar::Entity.into_iden();
    let mut select = Query::select()
        .from(ar::Entity)
        .and_where(Expr::col((request.clone(), ar::Column::Id)).eq(id))
        .and_where(visible_request(&w.actor, &request))
        .take();
    add_request(w, &mut select, &request);
    let Some(found) = w.tx.query_one(&select).await? else {
        return Ok(None);
    };
    let held = Held::from_query_result(&found, "")?;
    w.journal
        .saw(held.id, &held.country_code, held.status, held.verified_at);
    Ok(Some(held))
}

/// Reads the request, and locks it with others who only need it to stay as it is.
fn add_request(w: &Write, select: &mut SelectStatement, request: &DynIden) {
    let columns = [
        ar::Column::Id,
        ar::Column::CountryCode,
        ar::Column::Status,
        ar::Column::VerifiedAt,
    ];
    select.columns(columns.map(|column| (request.clone(), column)));
    if w.backend() == DbBackend::Postgres {
        select.lock_with_tables(LockType::Share, [request.clone()]);
    }
}
