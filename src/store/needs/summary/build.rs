//! A summary made anew, from all rows.

use std::collections::BTreeSet;
use std::sync::Arc;

use entity::enums::{Priority, RequestStatus};
use entity::{assistance_request as ar, request_item as ri};
use sea_orm::ActiveEnum;

use crate::domain::totals::{Sums, Totals};
use crate::error::Error;
use crate::store::Reader;
use crate::store::needs::Asked;
use crate::store::needs::source::{GroupKey, Key, KeyKind, Source};
use crate::store::needs::summary::Folded;
use crate::store::needs::summary::cells::{Cell, Cells, Count, Node, Place, State};
use crate::store::needs::summary::codes::Codes;
use crate::store::needs::summary::moved::{Moved, Span, moved};

/// Parts of a key: country, status, priority, and what else.
const OF_STATE: usize = 3;

/// The summary up to `ticket`, up to which every write has ended; none where the reference data have more codes than it
/// can hold, or too much was written meanwhile. Reads all items three times.
///
/// # Errors
/// The database's.
pub(super) async fn build(reader: &Reader, era: u64, ticket: i64) -> Result<Option<Folded>, Error> {
    let Some(codes) = Codes::new(reader.reference()) else {
        return Ok(None);
    };
    let mut cells = Cells::default();
    add_items(reader, &codes, &mut cells).await?;
    add_requests(reader, &codes, &mut cells).await?;
    // The rows were read with what was written after the ticket: that comes off again.
    let later = Span {
        after: ticket,
        upto: None,
    };
    let Moved::By(later) = moved(reader, &codes, later).await? else {
        return Ok(None);
    };
    cells.add(&later.negated());
    Ok(Some(Folded {
        era,
        ticket,
        codes: Arc::new(codes),
        cells,
        cuts: Arc::default(),
    }))
}

fn keys_of_state(source: &Source) -> Vec<Key> {
    let key = |expr, kind| Key { expr, kind };
    vec![
        key(source.request(ar::Column::CountryCode), KeyKind::Text),
        key(source.request(ar::Column::Status), KeyKind::Text),
        key(source.request(ar::Column::Priority), KeyKind::SmallInt),
    ]
}

async fn add_items(reader: &Reader, codes: &Codes, cells: &mut Cells) -> Result<(), Error> {
    let source = Source::new(reader, &Asked::default());
    let mut keys = keys_of_state(&source);
    for column in [ri::Column::CategoryCode, ri::Column::UnitCode] {
        keys.push(Key {
            expr: source.item(column),
            kind: KeyKind::Text,
        });
    }
    let most = u64::from(u32::MAX);
    let add = |key: GroupKey, totals: Totals| {
        let cell = Cell {
            items: totals.items,
            unpriced: totals.unpriced_items,
            values: totals.values,
            quantities: Sums::default(),
        };
        cells.add_items(place(codes, &key)?, cell);
        Ok(())
    };
    source.each_values(reader, &keys, most, add).await?;
    let add = |key: GroupKey, _, quantities| {
        let cell = Cell {
            quantities,
            ..Cell::default()
        };
        cells.add_items(place(codes, &key)?, cell);
        Ok(())
    };
    source.each_quantities(reader, &keys, add).await
}

/// Where the items of a group stand, whose key is of a state, a category and a unit.
fn place(codes: &Codes, key: &GroupKey) -> Result<Place, Error> {
    let part = |index: usize| key.get(index).and_then(Option::as_deref).unwrap_or_default();
    let placed = codes
        .country(part(0))
        .zip(codes.category(part(OF_STATE)))
        .zip(codes.unit(part(OF_STATE + 1)));
    let ((country, category), unit) = placed.ok_or_else(|| unknown(key))?;
    Ok(Place {
        country,
        category,
        unit,
        state: Some(state(key)?),
    })
}

async fn add_requests(reader: &Reader, codes: &Codes, cells: &mut Cells) -> Result<(), Error> {
    let source = Source::new(reader, &Asked::default());
    let keys = keys_of_state(&source);
    let add = |key: GroupKey, of_items: String, totals: Totals| {
        let state = state(&key)?;
        let country = key.first().and_then(Option::as_deref).unwrap_or_default();
        let country = codes.country(country).ok_or_else(|| unknown(&key))?;
        let mut nodes = BTreeSet::new();
        for category in of_items.split(',') {
            let category = codes.category(category).ok_or_else(|| unknown(&key))?;
            nodes.extend(codes.nodes_of(category));
        }
        for node in nodes {
            let node = Node {
                country,
                node,
                state: Some(state),
            };
            let count = Count {
                requests: totals.requests,
                people: totals.people,
            };
            cells.add_requests(node, count);
        }
        Ok(())
    };
    source.each_requests_by_categories(reader, &keys, add).await
}

/// Status and priority, the second and third part of a key.
fn state(key: &GroupKey) -> Result<State, Error> {
    let part = |index: usize| key.get(index).cloned().flatten();
    let status = part(1).and_then(|status| RequestStatus::try_from_value(&status).ok());
    let priority = part(2).and_then(|level| Priority::try_from_value(&level.parse().ok()?).ok());
    let (status, priority) = status.zip(priority).ok_or_else(|| unknown(key))?;
    Ok(State { status, priority })
}

/// Rows read by newer reference data than the snapshot's: the next attempt has them.
fn unknown(key: &GroupKey) -> Error {
    Error::internal(format!("rows of what is not known: {key:?}"))
}
