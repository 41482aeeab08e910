//! The journal of a write as rows of the ledger.

use entity::enums::Seen;
use entity::{change, request_item as ri};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IdenStatic, Iterable, QueryFilter,
    QueryOrder, Set,
};

use crate::domain::change::{Sealed, diff, whole};
use crate::store::change::journal::{Book, Entry};
use crate::store::change::number::{self, Ticket};
use crate::store::change::recorded::{Place, Recorded};
use crate::store::{Outcome, Write};

/// Rows of one INSERT: databases limit the parameters of a statement.
const ROWS: usize = 1_000;
/// The column that tells which write made a row.
const TICKET: &str = "ticket";

/// Writes what the journal holds. False where nothing changed.
///
/// # Errors
/// The database's.
pub(crate) async fn flush(w: &Write) -> Outcome<bool> {
    let mut book = std::mem::take(&mut *w.journal.book());
    add_items_of_moved_requests(w, &mut book).await?;
    let rows = rows(w, &book)?;
    if rows.is_empty() && book.movements.is_empty() && book.history.is_empty() {
        return Ok(false);
    }
    let mut ticket = number::ticket(w, &rows).await?;
    insert(w, &mut ticket, &rows).await?;
    insert(w, &mut ticket, &book.movements).await?;
    insert(w, &mut ticket, &book.history).await?;
    Ok(true)
}

/// Inserts rows under the ticket of their write.
async fn insert<A: ActiveModelTrait>(w: &Write, ticket: &mut Ticket, rows: &[A]) -> Result<(), DbErr> {
    let columns = || <A::Entity as EntityTrait>::Column::iter();
    for chunk in rows.chunks(ROWS) {
        let mut insert = Query::insert();
        insert.into_table(A::Entity::default()).columns(columns());
        for row in chunk {
            let value = |column: <A::Entity as EntityTrait>::Column| match row.get(column).into_value() {
                _ if column.as_str() == TICKET => Ok(ticket.take()),
                Some(value) => Ok(column.save_as(Expr::val(value))),
                None => Err(DbErr::AttrNotSet(column.as_str().into())),
            };
            let values = columns().map(value).collect::<Result<Vec<_>, _>>()?;
            let wrong = |error: sea_orm::sea_query::error::Error| DbErr::Custom(error.to_string());
            insert.values(values).map_err(wrong)?;
        }
        w.tx.execute(&insert).await?;
    }
    Ok(())
}

/// Others see the items of a request whose standing changed, so each has a change that shows or hides it.
async fn add_items_of_moved_requests(w: &Write, book: &mut Book) -> Result<(), DbErr> {
    let moved: Vec<_> = book
        .standings
        .iter()
        .filter(|(_, standing)| standing.before != standing.after && standing.before != Seen::Nobody)
        .map(|(request, _)| *request)
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    let items = ri::Entity::find()
        .filter(ri::Column::RequestId.is_in(moved))
        .order_by_asc(ri::Column::RequestId)
        .order_by_asc(ri::Column::Position)
        .all(&w.tx)
        .await?;
    for item in items {
        if book.places.contains_key(&(ri::Model::TYPE, item.key())) {
            continue;
        }
        let fields = Some(item.fields());
        book.add(Entry {
            kind: ri::Model::TYPE,
            key: item.key(),
            place: item.place(),
            verb: "updated",
            before: fields.clone(),
            after: fields,
        });
    }
    Ok(())
}

/// The rows, all but their ticket.
fn rows(w: &Write, book: &Book) -> Outcome<Vec<change::ActiveModel>> {
    let actor = w.actor.principal_text();
    let mut rows = Vec::with_capacity(book.entries.len());
    for entry in &book.entries {
        let (country, before, after) = standing(book, entry)?;
        let changes = diff(entry.before.as_deref(), entry.after.as_deref());
        if changes.is_empty() && before == after {
            continue;
        }
        let (request, organization) = match &entry.place {
            Place::Request { request, organization } => (Some(*request), organization.as_deref()),
            Place::Reference | Place::Key => (None, None),
        };
        let shown = entry
            .after
            .as_deref()
            .filter(|_| entry.before.is_some() && before != after);
        let shown = shown.map(|fields| json(&whole(fields))).transpose()?;
        let text = json(&changes)?;
        let ordinal = i32::try_from(rows.len()).unwrap_or(i32::MAX);
        let action = format!("{}.{}", noun(entry.kind), entry.verb);
        let sealed = Sealed {
            ordinal,
            at: w.now,
            actor: &actor,
            action: &action,
            subject_type: entry.kind,
            subject_key: &entry.key,
            country,
            organization,
            request,
            seen_before: &before.to_value(),
            seen_after: &after.to_value(),
            diff: &text,
            whole: shown.as_deref(),
        };
        let digest = sealed.digest().to_vec();
        rows.push(change::ActiveModel {
            ordinal: Set(ordinal),
            at: Set(w.now),
            actor: Set(actor.clone()),
            subject_type: Set(entry.kind.into()),
            subject_key: Set(entry.key.clone()),
            country_code: Set(country.map(Into::into)),
            organization_code: Set(organization.map(Into::into)),
            request_id: Set(request),
            seen_before: Set(before),
            seen_after: Set(after),
            digest: Set(digest),
            action: Set(action),
            diff: Set(text),
            whole: Set(shown),
            ..Default::default()
        });
    }
    Ok(rows)
}

/// The country that an object belongs to, and who sees it before and after.
fn standing<'b>(book: &'b Book, entry: &Entry) -> Outcome<(Option<&'b str>, Seen, Seen)> {
    let (country, before, after) = match &entry.place {
        Place::Reference => (None, Seen::Public, Seen::Public),
        Place::Key => (None, Seen::Keys, Seen::Keys),
        Place::Request { request, .. } => {
            let standing = book.standings.get(request);
            let standing = standing.ok_or_else(|| DbErr::Custom(format!("{} of a request unseen", entry.kind)))?;
            (Some(standing.country.as_str()), standing.before, standing.after)
        }
    };
    let there = |side: bool, seen: Seen| if side { seen } else { Seen::Nobody };
    Ok((
        country,
        there(entry.before.is_some(), before),
        there(entry.after.is_some(), after),
    ))
}

/// `assistanceRequest` of `AssistanceRequest`.
fn noun(kind: &str) -> String {
    let mut name = kind.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
}

fn json(value: &impl serde::Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Custom(error.to_string()))
}
