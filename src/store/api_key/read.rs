//! Looking keys up and listing them.

use std::sync::Arc;

use entity::api_key as ak;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoIden, Order, Query, SelectStatement};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::rights::{Operation, scope};
use crate::error::Error;
use crate::store::api_key::{ApiKey, Known, digest, hash};
use crate::store::page::{Arguments, Key, KeyKind, Keyset, Page, Paging, Plan};
use crate::store::statements::in_background;
use crate::store::{Consistency, Map, Reader, Store, condition, fault};

/// Keys that the reader may see: all for whoever manages them, none for anybody else.
fn select(reader: &Reader) -> SelectStatement {
    let manages = scope(reader.actor(), Operation::ManageKeys).everything;
    Query::select()
        .from_as(ak::Entity, Alias::new("k"))
        .and_where(if manages {
            Expr::val(1).eq(1)
        } else {
            Expr::val(1).eq(0)
        })
        .take()
}

fn column(column: ak::Column) -> Expr {
    Expr::col((Alias::new("k").into_iden(), column))
}

fn add_columns(select: &mut SelectStatement) {
    select.columns(ApiKey::COLUMNS.map(|column| (Alias::new("k").into_iden(), column)));
}

/// One page of the keys, the latest first; with `count`, how many there are in all.
///
/// # Errors
/// `BAD_USER_INPUT` or `BAD_CURSOR` for a page that can't be; the database's.
pub async fn page(
    reader: &Reader,
    arguments: &Arguments,
    default: u32,
    most: u32,
    count: bool,
) -> Result<Page<ApiKey>, Error> {
    let paging = Paging::new(arguments, default, most, "ApiKey", "-createdAt", "")?;
    let mut select = select(reader);
    let total = if count {
        Some(condition::count(reader, &select).await?)
    } else {
        None
    };
    add_columns(&mut select);
    let created_at = Key {
        expr: column(ak::Column::CreatedAt),
        kind: KeyKind::Time,
        nullable: false,
        descending: true,
    };
    let page = Keyset::new(vec![created_at], column(ak::Column::Id))
        .page(reader, select, ApiKey::COLUMNS.len(), &paging, Plan::Anew, ApiKey::read)
        .await?;
    Ok(Page { total, ..page })
}

/// All keys, the latest last.
///
/// # Errors
/// The database's.
pub async fn list(reader: &Reader) -> Result<Vec<ApiKey>, Error> {
    let mut select = select(reader);
    add_columns(&mut select);
    select.order_by_expr(column(ak::Column::CreatedAt), Order::Asc);
    let rows = reader.all(&select).await?;
    rows.iter()
        .map(ApiKey::read)
        .collect::<Result<_, _>>()
        .map_err(fault::error)
}

/// The keys with these ids that the reader may see, by id.
///
/// # Errors
/// The database's.
pub async fn by_ids(reader: &Reader, ids: &[Uuid]) -> Result<Map<Uuid, ApiKey>, Error> {
    let mut select = select(reader);
    add_columns(&mut select);
    select.and_where(condition::one_of_ids(reader.backend(), column(ak::Column::Id), ids));
    let rows = reader.all(&select).await?;
    let keys = rows.iter().map(|row| ApiKey::read(row).map(|key| (key.id, key)));
    keys.collect::<Result<_, _>>().map_err(fault::error)
}

/// The key of a secret, revoked and expired ones too. One that is revoked stops to work at once, on every server.
///
/// # Errors
/// The database's.
pub async fn by_secret(store: &Store, secret: &str) -> Result<Option<Arc<Known>>, Error> {
    let digest = digest(secret);
    // Not the request's own statement: another one looks it up for many.
    let look = || {
        in_background(async {
            let reader = store.reader(Arc::new(Actor::system()), Consistency::Statement);
            let mut select = Query::select()
                .from_as(ak::Entity, Alias::new("k"))
                .and_where(column(ak::Column::SecretHash).eq(hash(digest)))
                .take();
            add_columns(&mut select);
            let rows = reader.all(&select).await?;
            rows.first().map(ApiKey::read).transpose().map_err(fault::error)
        })
    };
    store.0.keys.find(store.feed(), digest, look).await
}
