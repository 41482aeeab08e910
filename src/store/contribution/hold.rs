//! What a write of a contribution begins with: finding what it names, where the actor may see it, and keeping its request
//! from ending meanwhile.

use chrono::{DateTime, Utc};
use entity::enums::RequestStatus;
use entity::{assistance_request as ar, contribution as co, delivery as de, request_item as ri};
use sea_orm::sea_query::{DynIden, Expr, ExprTrait, IntoIden, JoinType, LockType, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, IdenStatic, Iterable, QueryResult};
use uuid::Uuid;

use crate::store::condition::visible_request;
use crate::store::{Write, turn};

/// What is named, in a statement.
const NAMED: &str = "o";
/// What the names of a contribution's columns begin with, beside those of its request.
const OF_CONTRIBUTION: &str = "contribution_";

/// What names a contribution to a write.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    /// Its own id.
    Contribution(Uuid),
    /// The id of one of its deliveries.
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

/// The request of an item, where the actor may see it; it is kept from ending until the transaction does. What is not there and
/// what is hidden take the same one statement, so that not even the time of an answer tells them apart.
///
/// The request is what it is when its turn has come, though the statement began before: PostgreSQL waits for the turn while it
/// finds the row, then locks it, and reads anew one that was changed by then. The item is not locked: nothing of it is read here.
pub(super) async fn hold_item(w: &Write, item: Uuid) -> Result<Option<Held>, DbErr> {
    let of: DynIden = NAMED.into_iden();
    let mut select = Query::select();
    select
        .from_as(ri::Entity, of.clone())
        .and_where(Expr::col((of.clone(), ri::Column::Id)).eq(item));
    add_request_of(w, &mut select, of);
    let found = w.tx.query_one(&select).await?;
    found.map(|found| held(w, &found)).transpose()
}

/// The same for a contribution, which is locked alone, after its request, and is what it is then.
pub(super) async fn hold(w: &Write, named: Named) -> Result<Option<(co::Model, Held)>, DbErr> {
    let [of, part]: [DynIden; 2] = [NAMED, "p"].map(IntoIden::into_iden);
    let mut select = Query::select();
    match named {
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
    for column in co::Column::iter() {
        let name = format!("{OF_CONTRIBUTION}{}", column.as_str());
        select.expr_as(Expr::col((of.clone(), column)), name);
    }
    add_request_of(w, &mut select, of);
    let mut statement = w.backend().build(&select);
    if w.backend() == DbBackend::Postgres {
        // The library writes one lock a statement: this is the second, and is taken after it.
        statement.sql.push_str(&format!(r#" FOR UPDATE OF "{NAMED}""#));
    }
    let Some(found) = w.tx.query_one_raw(statement).await? else {
        return Ok(None);
    };
    let contribution = co::Model::from_query_result(&found, OF_CONTRIBUTION)?;
    Ok(Some((contribution, held(w, &found)?)))
}

/// Joins the request of what is named, as far as the actor sees it, waits for its turn, and locks it.
fn add_request_of(w: &Write, select: &mut SelectStatement, of: DynIden) {
    let request: DynIden = "r".into_iden();
    select
        .join_as(
            JoinType::InnerJoin,
            ar::Entity,
            request.clone(),
            Expr::col((request.clone(), ar::Column::Id)).equals((of, "request_id")),
        )
        .and_where(visible_request(&w.actor, &request));
    add_request(w, select, &request);
    if w.backend() == DbBackend::Postgres {
        select.expr(Expr::cust(turn::shared_by(&format!("{NAMED}.request_id"))));
    }
}

/// The request that was found.
fn held(w: &Write, found: &QueryResult) -> Result<Held, DbErr> {
    let held = Held::from_query_result(found, "")?;
    w.journal
        .saw(held.id, &held.country_code, held.status, held.verified_at);
    Ok(held)
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
    let found = w.tx.query_one(&select).await?;
    found.map(|found| held(w, &found)).transpose()
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
