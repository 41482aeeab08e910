//! Bringing the tables of reference data to what the files say, row by row and by key, except where an administrator
//! has taken a row over.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::unit;
use futures_util::FutureExt;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, ModelTrait};
use serde::{Deserialize, Serialize};

use crate::domain::actor::Actor;
use crate::domain::reference::{ByCode, Reference, Rows};
use crate::store::reference::Files;
use crate::store::reference::kept::{Keeping, Kept};
use crate::store::reference::write::write;
use crate::store::{Outcome, Store, Write};

/// What became of the rows of one noun, those of the file and those of the table; each counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// New in the file.
    pub inserted: usize,
    /// Another in the file than in the table, or back in the file.
    pub updated: usize,
    /// Left as an administrator made them, whatever the file says.
    pub kept: usize,
    /// Gone from the file.
    pub retired: usize,
    /// The same in both, or retired before.
    pub unchanged: usize,
}

/// What a sync did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    /// To countries.
    pub countries: Counts,
    /// To categories of needs.
    pub need_categories: Counts,
    /// To units. A unit is never retired.
    pub units: Counts,
    /// To commodities.
    pub commodities: Counts,
    /// To organizations.
    pub organizations: Counts,
}

/// Brings the tables to what the bundled files say, and the snapshot in memory to the tables.
///
/// # Errors
/// `INTERNAL` where a file is malformed; the database's. Nothing was changed then.
pub async fn sync(store: &Store) -> Outcome<SyncReport> {
    sync_files(store, Files::BUNDLED).await
}

/// The same for any files. What already is as a file says is not written.
///
/// # Errors
/// `INTERNAL` where a file is malformed; the database's. Nothing was changed then.
pub async fn sync_files(store: &Store, files: Files<'_>) -> Outcome<SyncReport> {
    let rows = Arc::new(files.rows(store.now())?);
    write(store, Arc::new(Actor::system()), move |w, reference| {
        let rows = Arc::clone(&rows);
        async move { sync_rows(w, reference, &rows).await }.boxed()
    })
    .await
}

/// Parents first, so that nobody names what is not there yet.
async fn sync_rows(w: &Write, reference: &Reference, rows: &Rows) -> Outcome<SyncReport> {
    Ok(SyncReport {
        countries: sync_table(w, &reference.countries, &rows.countries).await?,
        need_categories: sync_table(w, &reference.categories, &rows.categories).await?,
        units: sync_units(w, reference, &rows.units).await?,
        commodities: sync_table(w, &reference.commodities, &rows.commodities).await?,
        organizations: sync_table(w, &reference.organizations, &rows.organizations).await?,
    })
}

/// What is to be written to a table, and what that counts.
#[derive(Debug)]
struct Plan<M> {
    inserts: Vec<M>,
    updates: Vec<M>,
    counts: Counts,
}

/// Compares the rows of a table with those of its file.
fn plan<M: Kept>(table: &ByCode<M>, file: &[M], now: DateTime<Utc>) -> Plan<M> {
    let mut plan = Plan {
        inserts: Vec::new(),
        updates: Vec::new(),
        counts: Counts::default(),
    };
    for new in file {
        let Some(old) = table.get(new.code()).map(|known| &known.row) else {
            plan.inserts.push(new.clone());
            plan.counts.inserted += 1;
            continue;
        };
        let keeping = old.keeping();
        // The file brings a retired row back; it does not take an administrator's.
        let wanted = new.clone().kept(Keeping {
            active: true,
            ..keeping
        });
        if keeping.edited {
            plan.counts.kept += 1;
        } else if wanted == *old {
            plan.counts.unchanged += 1;
        } else {
            let changed = wanted.keeping().changed(now);
            plan.updates.push(wanted.kept(changed));
            plan.counts.updated += 1;
        }
    }
    let in_file: HashSet<&str> = file.iter().map(Kept::code).collect();
    for old in table.values().map(|known| &known.row) {
        let keeping = old.keeping();
        if in_file.contains(old.code()) {
            continue;
        }
        if keeping.edited || !keeping.from_file {
            plan.counts.kept += 1;
        } else if !keeping.active {
            plan.counts.unchanged += 1;
        } else {
            let retired = Keeping {
                active: false,
                ..keeping.changed(now)
            };
            plan.updates.push(old.clone().kept(retired));
            plan.counts.retired += 1;
        }
    }
    plan
}

async fn sync_table<M: Kept>(w: &Write, table: &ByCode<M>, file: &[M]) -> Outcome<Counts> {
    let Plan {
        inserts,
        updates,
        counts,
    } = plan(table, file, w.now);
    for row in &inserts {
        w.journal.created(row);
    }
    if !inserts.is_empty() {
        let rows = inserts.into_iter().map(Kept::whole);
        <M as ModelTrait>::Entity::insert_many(rows)
            .exec_without_returning(&w.tx)
            .await?;
    }
    for row in updates {
        if let Some(before) = table.get(row.code()) {
            w.journal.changed("updated", &before.row, &row);
        }
        row.whole().update_without_returning(&w.tx).await?;
    }
    Ok(counts)
}

/// Units have no version and are never retired: items are counted in them.
async fn sync_units(w: &Write, reference: &Reference, file: &[unit::Model]) -> Outcome<Counts> {
    let mut counts = Counts::default();
    let known: HashMap<&str, &unit::Model> = reference
        .units
        .values()
        .map(|unit| (unit.code.as_str(), &**unit))
        .collect();
    for new in file {
        let row = new.clone().into_active_model().reset_all();
        match known.get(new.code.as_str()) {
            None => {
                w.journal.created(new);
                unit::Entity::insert(row).exec_without_returning(&w.tx).await?;
                counts.inserted += 1;
            }
            Some(old) if *old == new => counts.unchanged += 1,
            Some(old) => {
                w.journal.changed("updated", *old, new);
                row.update_without_returning(&w.tx).await?;
                counts.updated += 1;
            }
        }
    }
    counts.unchanged += known.len().saturating_sub(counts.updated + counts.unchanged);
    Ok(counts)
}
