//! A summary made anew, from all rows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use entity::enums::{Priority, RequestStatus};
use entity::{assistance_request as ar, request_item as ri};
use sea_orm::ActiveEnum;

use crate::domain::totals::Totals;
use crate::error::Error;
use crate::store::Reader;
use crate::store::needs::Asked;
use crate::store::needs::source::{GroupKey, Key, KeyKind, Source};
use crate::store::needs::summary::Folded;
use crate::store::needs::summary::cells::{Cell, Cells, Count, Node, Place, State};
use crate::store::needs::summary::codes::Codes;
use crate::store::needs::summary::cuts::Cuts;
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
    cells.add(later.negated());
    Ok(Some(Folded {
        era,
        ticket,
        codes: Arc::new(codes),
        cells,
        cuts: Cuts::default(),
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
    let mut totals: HashMap<GroupKey, Totals> = source.values(reader, &keys, u64::from(u32::MAX)).await?;
    source.add_quantities(reader, &keys, &mut totals).await?;
    for (key, totals) in totals {
        let state = state(&key)?;
        let part = |index: usize| key.get(index).and_then(Option::as_deref).unwrap_or_default();
        let unit = part(OF_STATE + 1);
        let placed = codes
            .country(part(0))
            .zip(codes.category(part(OF_STATE)))
            .zip(codes.unit(unit));
        let ((country, category), unit_id) = placed.ok_or_else(|| unknown(&key))?;
        let place = Place {
            country,
            category,
            unit: unit_id,
            state: Some(state),
        };
        let cell = Cell {
            items: totals.items,
            unpriced: totals.unpriced_items,
            values: totals.values,
            quantities: totals.quantities.get(unit).copied().unwrap_or_default(),
        };
        cells.add_items(place, cell);
    }
    Ok(())
}

async fn add_requests(reader: &Reader, codes: &Codes, cells: &mut Cells) -> Result<(), Error> {
    let source = Source::new(reader, &Asked::default());
    let keys = keys_of_state(&source);
    for (key, of_items, totals) in source.requests_by_categories(reader, &keys).await? {
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
    }
    Ok(())
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
