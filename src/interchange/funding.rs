//! What the response plans had received by the day of the file: `funded_usd`, as deliveries by the donors that OCHA FTS
//! counted together. A blank is unknown, and no contribution; more than is required is capped, and the excess told.

use std::sync::Arc;

use entity::enums::ItemKind;
use rust_decimal::Decimal;

use crate::domain::actor::Actor;
use crate::domain::assistance_request::{ItemForm, Origin};
use crate::domain::contribution::NewContribution;
use crate::domain::number::{MAX_QUANTITY_MILLI, QUANTITY_SCALE, from_fixed, plain, to_fixed};
use crate::interchange::cell;
use crate::interchange::import::{ImportRow, Plan};
use crate::interchange::table::{Record, Table};
use crate::store::contribution::{Delivered, DeliveredOutcome, import_delivered};
use crate::store::{Refused, Store};

/// Code of the organization that stands for all donors.
pub const DONORS: &str = "FTS_DONORS";
/// The column of what was received.
const FUNDED: &str = "funded_usd";

/// What became of the funding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funded {
    /// New contributions.
    pub created: usize,
    /// Such as were there already.
    pub unchanged: usize,
    /// What was left out of which contribution, by external id, because it is more than is required, in US dollars.
    pub excess: Vec<(String, Decimal)>,
    /// Why a contribution did not land, by external id.
    pub failed: Vec<(String, String)>,
}

/// The funding of every request of a plan's file; pure.
pub fn delivered(table: &Table, plan: &Plan) -> Vec<Delivered> {
    plan.rows.iter().flat_map(|row| of_request(table, row)).collect()
}

fn of_request(table: &Table, row: &ImportRow) -> Vec<Delivered> {
    let record = |line: u64| table.records.iter().find(|record| record.line == line);
    let items: Vec<(&ItemForm, Option<&Record>)> = row
        .import
        .form
        .items
        .iter()
        .zip(row.item_lines.iter().map(|line| record(*line)))
        .collect();
    let amounts: Vec<Option<Decimal>> = items
        .iter()
        .map(|(_, record)| record.and_then(|record| amount(table, record, FUNDED)))
        .collect();
    items
        .iter()
        .zip(&amounts)
        .enumerate()
        .filter_map(|(index, ((item, record), amount))| {
            let required = self::amount(table, (*record)?, "required_usd");
            // An item that is less than its line's requirement is the rest of it: the other items' funding is in its line's,
            // and unknown with any of them.
            let rest = required.is_some_and(|required| required != item.quantity);
            let others = amounts.iter().enumerate().filter(|(other, _)| rest && *other != index);
            let parts: Decimal = others.map(|(_, amount)| *amount).sum::<Option<_>>()?;
            one(row, item, (*amount)? - parts)
        })
        .collect()
}

fn amount(table: &Table, record: &Record, column: &str) -> Option<Decimal> {
    cell::number(record.cell(table.column(column)?)?, false).ok()
}

fn one(row: &ImportRow, item: &ItemForm, amount: Decimal) -> Option<Delivered> {
    let form = &row.import.form;
    let (source, item_id) = (form.source.clone()?, item.external_id.clone()?);
    if item.kind != ItemKind::Funding {
        return None;
    }
    Some(Delivered {
        request: Origin {
            source: source.clone(),
            external_id: form.external_id.clone()?,
        },
        item: item_id.clone(),
        on: row.import.verified_on?,
        contribution: NewContribution {
            organization: DONORS.into(),
            quantity_milli: to_fixed(amount, QUANTITY_SCALE, 1, MAX_QUANTITY_MILLI).ok()?,
            committed: true,
            value_usd_e4: None,
            expected_on: None,
            note: Some("Funding received by then, from all donors together, as published by OCHA FTS.".into()),
            origin: Some(Origin {
                source,
                external_id: item_id,
            }),
        },
    })
}

/// Lands funding.
///
/// # Errors
/// The database's; then nothing landed.
pub async fn land(store: &Store, source: &str, rows: Vec<Delivered>) -> Result<Funded, Refused> {
    let ids: Vec<String> = rows.iter().map(|row| row.item.clone()).collect();
    let actor = Arc::new(Actor::import(source));
    let outcomes = import_delivered(store, actor, rows).await?;
    let mut funded = Funded::default();
    for (id, outcome) in ids.into_iter().zip(outcomes) {
        match outcome {
            DeliveredOutcome::Created(excess) => {
                funded.created += 1;
                if excess > 0 {
                    let excess = from_fixed(excess, QUANTITY_SCALE);
                    tracing::warn!(id, excess = plain(excess), "more was funded than is required: capped");
                    funded.excess.push((id, excess));
                }
            }
            DeliveredOutcome::Unchanged => funded.unchanged += 1,
            DeliveredOutcome::Failed(problem) => funded.failed.push((id, problem.message)),
        }
    }
    Ok(funded)
}
