//! Proving that nobody altered the ledger: every digest and every link of the chain is computed anew.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{change as ch, change_position as cp};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoIden, JoinType, Order, Query};
use sea_orm::{Condition, QueryResult};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::change::{GENESIS, Sealed, link};
use crate::error::Error;
use crate::store::change::read::TOLD;
use crate::store::{Consistency, Reader, Store, fault};

/// Links read at once.
const BATCH: u64 = 5_000;

/// A chain in which everything is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The last place; 0 where there is none.
    pub sequence: i64,
    /// Its hash, in hexadecimal digits. Kept elsewhere, it proves later that nothing up to it was altered.
    pub hash: String,
}

/// The first place at which the chain is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The place.
    pub sequence: i64,
    /// What is wrong there.
    pub why: String,
}

/// A link with its change, as the tables hold them.
#[derive(Debug)]
struct Link {
    sequence: i64,
    at: DateTime<Utc>,
    hash: Vec<u8>,
    change: Option<Row>,
}

#[derive(Debug)]
struct Row {
    ordinal: i32,
    at: DateTime<Utc>,
    actor: String,
    action: String,
    subject_type: String,
    subject_key: String,
    country: Option<String>,
    organization: Option<String>,
    request: Option<Uuid>,
    seen_before: String,
    seen_after: String,
    diff: String,
    whole: Option<String>,
    digest: Vec<u8>,
}

/// Walks the chain. `known` is a place and its hash that were kept elsewhere.
///
/// # Errors
/// The database's.
pub async fn verify(store: &Store, known: Option<(i64, &str)>) -> Result<Result<Verified, Broken>, Error> {
    let mut hash = GENESIS.to_vec();
    let mut sequence = 0;
    let mut met = known.is_none_or(|(place, _)| place == 0);
    loop {
        let links = links(store, sequence).await?;
        if links.is_empty() {
            break;
        }
        for one in links {
            if let Err(why) = check(&one, sequence, &hash) {
                return Ok(Err(Broken {
                    sequence: sequence + 1,
                    why,
                }));
            }
            (sequence, hash) = (one.sequence, one.hash);
            if let Some((place, kept)) = known.filter(|(place, _)| *place == sequence) {
                if !kept.eq_ignore_ascii_case(&hex(&hash)) {
                    let why = format!(
                        "its hash is {}, and the one that was kept is {kept}: the chain was made anew",
                        hex(&hash)
                    );
                    return Ok(Err(Broken { sequence: place, why }));
                }
                met = true;
            }
        }
    }
    if let Some((place, _)) = known.filter(|_| !met) {
        let why = format!("the ledger ends at {sequence}, and place {place} was known: its end was cut off");
        return Ok(Err(Broken {
            sequence: sequence + 1,
            why,
        }));
    }
    if let Some(lost) = unplaced(store).await? {
        return Ok(Err(lost));
    }
    Ok(Ok(Verified {
        sequence,
        hash: hex(&hash),
    }))
}

/// Writes every change with its link as one JSON object a line; `write` takes a line.
///
/// # Errors
/// The database's, and those of `write`.
pub async fn export(
    store: &Store,
    mut write: impl FnMut(&serde_json::Value) -> Result<(), Error>,
) -> Result<i64, Error> {
    let mut sequence = 0;
    loop {
        let links = links(store, sequence).await?;
        if links.is_empty() {
            return Ok(sequence);
        }
        for one in links {
            sequence = one.sequence;
            write(&line(&one)?)?;
        }
    }
}

fn line(one: &Link) -> Result<serde_json::Value, Error> {
    let json = |text: &str| -> Result<serde_json::Value, Error> {
        serde_json::from_str(text).map_err(|error| Error::internal(format!("change {}: {error}", one.sequence)))
    };
    let change = one.change.as_ref();
    let change = change.ok_or_else(|| Error::internal(format!("change {} is missing", one.sequence)))?;
    Ok(serde_json::json!({
        "sequence": one.sequence,
        "at": one.at,
        "hash": hex(&one.hash),
        "digest": hex(&change.digest),
        "ordinal": change.ordinal,
        "writtenAt": change.at,
        "actor": change.actor,
        "action": change.action,
        "subjectType": change.subject_type,
        "subjectKey": change.subject_key,
        "country": change.country,
        "organization": change.organization,
        "request": change.request,
        "seenBefore": change.seen_before,
        "seenAfter": change.seen_after,
        "diff": json(&change.diff)?,
        "whole": change.whole.as_deref().map(json).transpose()?,
    }))
}

/// That a link follows the one before, and that its change is what was sealed.
fn check(one: &Link, before: i64, hash: &[u8]) -> Result<(), String> {
    if one.sequence != before + 1 {
        return Err(format!("it is missing; the next one is {}", one.sequence));
    }
    let change = one.change.as_ref().ok_or("its change is missing")?;
    let sealed = Sealed {
        ordinal: change.ordinal,
        at: change.at,
        actor: &change.actor,
        action: &change.action,
        subject_type: &change.subject_type,
        subject_key: &change.subject_key,
        country: change.country.as_deref(),
        organization: change.organization.as_deref(),
        request: change.request,
        seen_before: &change.seen_before,
        seen_after: &change.seen_after,
        diff: &change.diff,
        whole: change.whole.as_deref(),
    };
    if change.digest != sealed.digest() {
        return Err("its change is not what was written".into());
    }
    if one.hash != link(hash, one.sequence, one.at, &change.digest) {
        return Err("its hash does not follow from the one before: it, or one before it, was exchanged".into());
    }
    Ok(())
}

async fn links(store: &Store, after: i64) -> Result<Vec<Link>, Error> {
    let (c, p) = (Alias::new("c").into_iden(), Alias::new("p").into_iden());
    let place = Expr::col((p.clone(), cp::Column::Sequence));
    let select = Query::select()
        .columns([cp::Column::Sequence, cp::Column::At, cp::Column::Hash].map(|column| (p.clone(), column)))
        .columns([ch::Column::Ordinal, ch::Column::At].map(|column| (c.clone(), column)))
        .columns(TOLD.map(|column| (c.clone(), column)))
        .column((c.clone(), ch::Column::Digest))
        .from_as(cp::Entity, p.clone())
        .join_as(
            JoinType::LeftJoin,
            ch::Entity,
            c.clone(),
            Condition::all()
                .add(Expr::col((c.clone(), ch::Column::Ticket)).equals((p.clone(), cp::Column::Ticket)))
                .add(Expr::col((c, ch::Column::Ordinal)).equals((p, cp::Column::Ordinal))),
        )
        .and_where(place.clone().gt(after))
        .order_by_expr(place, Order::Asc)
        .limit(BATCH)
        .take();
    let rows = reader(store).all(&select).await?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(fault::error)
}

fn read(row: &QueryResult) -> Result<Link, sea_orm::DbErr> {
    let change = match row.try_get_by_index::<Option<i32>>(3)? {
        None => None,
        Some(ordinal) => Some(Row {
            ordinal,
            at: row.try_get_by_index(4)?,
            actor: row.try_get_by_index(5)?,
            action: row.try_get_by_index(6)?,
            subject_type: row.try_get_by_index(7)?,
            subject_key: row.try_get_by_index(8)?,
            country: row.try_get_by_index(9)?,
            organization: row.try_get_by_index(10)?,
            request: row.try_get_by_index(11)?,
            seen_before: row.try_get_by_index(12)?,
            seen_after: row.try_get_by_index(13)?,
            diff: row.try_get_by_index(14)?,
            whole: row.try_get_by_index(15)?,
            digest: row.try_get_by_index(16)?,
        }),
    };
    Ok(Link {
        sequence: row.try_get_by_index(0)?,
        at: row.try_get_by_index(1)?,
        hash: row.try_get_by_index(2)?,
        change,
    })
}

/// A change below the last settled ticket that has no place: its link was taken out together with all after it.
async fn unplaced(store: &Store) -> Result<Option<Broken>, Error> {
    let last = Query::select()
        .columns([cp::Column::Sequence, cp::Column::Floor])
        .from(cp::Entity)
        .order_by(cp::Column::Sequence, Order::Desc)
        .limit(1)
        .take();
    let rows = reader(store).all(&last).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let sequence: i64 = row.try_get_by_index(0).map_err(fault::error)?;
    let floor: Option<i64> = row.try_get_by_index(1).map_err(fault::error)?;
    let why = match floor {
        None => "it is not the end of a batch: what came after it was cut off",
        Some(floor) => {
            let (c, p) = (Alias::new("c").into_iden(), Alias::new("p").into_iden());
            let placed = Query::select()
                .expr(Expr::val(1))
                .from_as(cp::Entity, p.clone())
                .and_where(Expr::col((p.clone(), cp::Column::Ticket)).equals((c.clone(), ch::Column::Ticket)))
                .and_where(Expr::col((p, cp::Column::Ordinal)).equals((c.clone(), ch::Column::Ordinal)))
                .take();
            let lost = Query::select()
                .column((c.clone(), ch::Column::Ticket))
                .from_as(ch::Entity, c.clone())
                .and_where(Expr::col((c, ch::Column::Ticket)).lte(floor))
                .and_where(Expr::exists(placed).not())
                .limit(1)
                .take();
            if reader(store).all(&lost).await?.is_empty() {
                return Ok(None);
            }
            "a change of a settled write has no place: links were cut off"
        }
    };
    Ok(Some(Broken {
        sequence: sequence + 1,
        why: why.into(),
    }))
}

/// The operator's own reading.
fn reader(store: &Store) -> Reader {
    store.reader(Arc::new(Actor::system()), Consistency::Statement)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
