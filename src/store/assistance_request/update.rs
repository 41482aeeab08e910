//! Changing what was entered of a request.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::NaiveDate;
use entity::assistance_request as ar;
use entity::enums::{Priority, RequestStatus};
use entity::request_item as ri;
use rust_decimal::Decimal;
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::assistance_request::{Contact, ItemForm, check_items, check_quantity, check_unit_cost, check_value};
use crate::domain::number::ONE_USD_E4;
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::rights::{Operation, scope};
use crate::domain::step::Step;
use crate::domain::text::{self, KEY_MAX, TEXT_MAX};
use crate::error::Error;
use crate::store::assistance_request::write;
use crate::store::{Author, Outcome, Refused, Store, Write, turn};

/// Changes of a request. What is absent stays; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct RequestPatch {
    /// One line.
    pub title: Option<String>,
    /// The whole story.
    pub description: Option<Option<String>>,
    /// How urgent.
    pub priority: Option<Priority>,
    /// Persons.
    pub people_in_need: Option<Option<i32>>,
    /// Day by which it is needed.
    pub needed_by: Option<Option<NaiveDate>>,
    /// Whom to ask, as a whole.
    pub contact: Option<Contact>,
    /// Items to append.
    pub add_items: Vec<ItemForm>,
    /// Items to change.
    pub update_items: Vec<ItemPatch>,
    /// Items to take out; none where the client's id is none of an item.
    pub remove_items: Vec<Option<Uuid>>,
}

/// Changes of an item. What is absent stays; `Some(None)` clears.
#[derive(Clone, Debug, Default)]
pub struct ItemPatch {
    /// Its id; none where the client's id is none of an item.
    pub id: Option<Uuid>,
    /// Its id in the request's source.
    pub external_id: Option<Option<String>>,
    /// What the codes don't say.
    pub description: Option<Option<String>>,
    /// In units.
    pub quantity: Option<Decimal>,
    /// US dollars a unit.
    pub unit_cost_usd: Option<Option<Decimal>>,
}

/// Changes what was entered. A patch that changes nothing succeeds and leaves the version. Gives the request's id.
///
/// # Errors
/// Those of a step; `FORBIDDEN` for a field of a VERIFIED request that only reviewers change; INVALID_TRANSITION for
/// items of a VERIFIED request; everything that is wrong with the items.
pub async fn update(
    store: &Store,
    author: impl Into<Author>,
    id: Option<Uuid>,
    version: i32,
    patch: RequestPatch,
) -> Outcome<Uuid> {
    let patch = Arc::new(patch);
    let author = author.into().promising(id.as_ref());
    store
        .write_from(author, turn::opening(id), move |w| {
            let patch = Arc::clone(&patch);
            Box::pin(async move {
                let row = write::load(w, id, version, Step::Update).await?;
                apply(w, &row, &patch).await?;
                Ok(row.id)
            })
        })
        .await
}

/// Applies a patch to the locked row; tells whether anything changed.
async fn apply(w: &Write, row: &ar::Model, patch: &RequestPatch) -> Outcome<bool> {
    let (change, mut changed) = entered(row, patch);
    if row.status == RequestStatus::Verified {
        check_verified(&w.actor, row, patch)?;
    }
    let touches_items = !(patch.add_items.is_empty() && patch.update_items.is_empty() && patch.remove_items.is_empty());
    if touches_items {
        changed |= apply_items(w, row, patch).await?;
    } else {
        w.sound(Problems::default())?;
    }
    if changed {
        write::save(w, row, Step::Update, change).await?;
    }
    Ok(changed)
}

/// The request's own columns that the patch changes.
pub(super) fn entered(row: &ar::Model, patch: &RequestPatch) -> (ar::ActiveModel, bool) {
    let mut change: ar::ActiveModel = Default::default();
    let mut changed = false;
    let title = patch.title.as_ref().unwrap_or(&row.title);
    let description = patch.description.as_ref().unwrap_or(&row.description);
    if (title, description) != (&row.title, &row.description) {
        write::set_texts(&mut change, title, description.as_deref());
        changed = true;
    }
    if let Some(priority) = patch.priority.filter(|priority| *priority != row.priority) {
        change.priority = Set(priority);
        changed = true;
    }
    if let Some(people) = patch.people_in_need.filter(|people| *people != row.people_in_need) {
        change.people_in_need = Set(people);
        changed = true;
    }
    if let Some(day) = patch.needed_by.filter(|day| *day != row.needed_by) {
        change.needed_by = Set(day);
        changed = true;
    }
    if let Some(contact) = patch
        .contact
        .as_ref()
        .filter(|contact| **contact != write::contact_of(row))
    {
        write::set_contact(&mut change, contact);
        changed = true;
    }
    (change, changed)
}

/// What of a VERIFIED request may change: description, neededBy and contact by whoever writes; title, priority and
/// people by whoever reviews; items by nobody.
fn check_verified(actor: &Actor, row: &ar::Model, patch: &RequestPatch) -> Outcome<()> {
    let reviews = scope(actor, Operation::Review).everything;
    let reserved = [
        ("title", patch.title.as_ref().is_some_and(|title| *title != row.title)),
        (
            "priority",
            patch.priority.is_some_and(|priority| priority != row.priority),
        ),
        (
            "peopleInNeed",
            patch.people_in_need.is_some_and(|people| people != row.people_in_need),
        ),
    ];
    if let Some((field, _)) = reserved.into_iter().find(|(_, changes)| *changes && !reviews) {
        let message = format!("Only coordinators and administrators change {field} of a VERIFIED request.");
        return Err(Refused::Error(Error::Forbidden(message)));
    }
    let items = [
        ("addItems", patch.add_items.is_empty()),
        ("updateItems", patch.update_items.is_empty()),
        ("removeItems", patch.remove_items.is_empty()),
    ];
    let problems: Vec<Problem> = items
        .into_iter()
        .filter(|(_, empty)| !empty)
        .map(|(field, _)| {
            let message = "The items of a VERIFIED request stay: a need that has grown is a new request.";
            Problem::new(ProblemCode::InvalidTransition, message)
                .at(field)
                .with("status", "VERIFIED")
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Problems(problems).into())
    }
}

async fn apply_items(w: &Write, row: &ar::Model, patch: &RequestPatch) -> Outcome<bool> {
    let items = write::items(w, row.id).await?;
    let mut problems = Problems::default();
    let removed = check_removals(&items, &patch.remove_items, &mut problems);
    let kept: Vec<&ri::Model> = items.iter().filter(|item| !removed.contains(&item.id)).collect();
    let changes = check_changes(&kept, &removed, &patch.update_items, &mut problems);
    let added = check_items(
        &patch.add_items,
        &w.reference,
        w.store.rules().items,
        &Path::Root.field("addItems"),
        &mut problems,
    );
    check_together(&kept, &changes, patch, w.store.rules().items, &mut problems);
    w.sound(problems)?;
    if !removed.is_empty() {
        ri::Entity::delete_many()
            .filter(ri::Column::RequestId.eq(row.id))
            .filter(ri::Column::Id.is_in(removed.iter().copied()))
            .exec(&w.tx)
            .await?;
        for item in items.iter().filter(|item| removed.contains(&item.id)) {
            w.journal.removed(item);
        }
    }
    // Taken out of the way first, so that two items may swap their external ids.
    for change in changes
        .iter()
        .filter(|change| change.model.external_id.is_set() && change.had_external_id)
    {
        let cleared = ri::ActiveModel {
            id: change.model.id.clone(),
            external_id: Set(None),
            ..Default::default()
        };
        cleared.update_without_returning(&w.tx).await?;
    }
    let changed = !removed.is_empty() || !changes.is_empty() || !added.is_empty();
    for change in changes {
        let after = change.model.update(&w.tx).await?;
        if let Some(before) = items.iter().find(|item| item.id == after.id) {
            w.journal.changed("updated", before, &after);
        }
    }
    let from = items.iter().map(|item| item.position).max().map_or(0, |last| last + 1);
    write::insert_items(w, row.id, from, &added, None).await?;
    Ok(changed)
}

fn check_removals(items: &[ri::Model], ids: &[Option<Uuid>], problems: &mut Problems) -> HashSet<Uuid> {
    let list = Path::Root.field("removeItems");
    let mut removed = HashSet::new();
    for (index, id) in ids.iter().enumerate() {
        match items.iter().find(|item| Some(item.id) == *id) {
            Some(item) => {
                removed.insert(item.id);
            }
            None => problems.add(
                &list.index(index),
                ProblemCode::NotFound,
                "No item of this request has this id.",
            ),
        }
    }
    removed
}

/// An item's changed columns.
struct ItemChange {
    model: ri::ActiveModel,
    had_external_id: bool,
}

fn check_changes(
    kept: &[&ri::Model],
    removed: &HashSet<Uuid>,
    patches: &[ItemPatch],
    problems: &mut Problems,
) -> Vec<ItemChange> {
    let list = Path::Root.field("updateItems");
    let mut changes = Vec::new();
    let mut seen = HashSet::new();
    for (index, patch) in patches.iter().enumerate() {
        let at = list.index(index);
        if patch.id.is_some_and(|id| removed.contains(&id)) {
            problems.add(
                &at.field("id"),
                ProblemCode::Conflict,
                "This item is taken out by removeItems.",
            );
            continue;
        }
        let Some(item) = kept.iter().find(|item| Some(item.id) == patch.id) else {
            problems.add(
                &at.field("id"),
                ProblemCode::NotFound,
                "No item of this request has this id.",
            );
            continue;
        };
        if !seen.insert(item.id) {
            problems.add(&at.field("id"), ProblemCode::Duplicate, "This item is changed twice.");
            continue;
        }
        changes.extend(check_change(item, patch, &at, problems));
    }
    changes
}

fn check_change(item: &ri::Model, patch: &ItemPatch, at: &Path<'_>, problems: &mut Problems) -> Option<ItemChange> {
    let mut model = ri::ActiveModel {
        id: ActiveValue::Unchanged(item.id),
        ..Default::default()
    };
    let mut changed = false;
    if let Some(external_id) = &patch.external_id {
        let external_id = text::optional(external_id.as_deref(), KEY_MAX, &at.field("externalId"), problems);
        if external_id != item.external_id {
            model.external_id = Set(external_id);
            changed = true;
        }
    }
    if let Some(description) = &patch.description {
        let description = text::optional(description.as_deref(), TEXT_MAX, &at.field("description"), problems);
        if description != item.description {
            model.description = Set(description);
            changed = true;
        }
    }
    let mut quantity = Some(item.quantity_milli);
    if let Some(value) = patch.quantity {
        quantity = check_quantity(value, &at.field("quantity"), problems);
        if let Some(quantity) = quantity.filter(|quantity| *quantity != item.quantity_milli) {
            model.quantity_milli = Set(quantity);
            changed = true;
        }
    }
    let mut cost = item.unit_cost_e4;
    if let Some(value) = patch.unit_cost_usd {
        cost = check_unit_cost(value, &at.field("unitCostUsd"), problems);
        if write::cost_is_fixed(item.kind) && cost != Some(ONE_USD_E4) {
            let message = "FUNDING is counted in USD, so one unit costs 1.";
            problems.add(&at.field("unitCostUsd"), ProblemCode::Conflict, message);
        } else if cost != item.unit_cost_e4 {
            model.unit_cost_e4 = Set(cost);
            changed = true;
        }
    }
    let is_small = check_value(quantity, cost, &at.field("quantity"), problems);
    if let Some(quantity) = quantity.filter(|_| is_small) {
        write::set_base(&mut model, quantity, cost);
    }
    changed.then_some(ItemChange {
        model,
        had_external_id: item.external_id.is_some(),
    })
}

/// What holds for all items together: their number, and that no external id stands twice.
fn check_together(
    kept: &[&ri::Model],
    changes: &[ItemChange],
    patch: &RequestPatch,
    most: usize,
    problems: &mut Problems,
) {
    let count = kept.len() + patch.add_items.len();
    // Too many new ones alone were told already.
    if count > most && patch.add_items.len() <= most {
        let message = format!("With these the request would have {count} items; it has at most {most}.");
        problems.push(
            Problem::new(ProblemCode::TooMany, message)
                .at("addItems")
                .with("max", most),
        );
    }
    let mut seen = HashSet::new();
    for item in kept {
        let changed = changes.iter().find(|change| *change.model.id.as_ref() == item.id);
        let external_id = match changed.map(|change| &change.model.external_id) {
            Some(Set(external_id)) => external_id,
            _ => &item.external_id,
        };
        if let Some(external_id) = external_id
            && !seen.insert(external_id.clone())
        {
            let index = patch
                .update_items
                .iter()
                .position(|one| one.id == Some(item.id))
                .unwrap_or_default();
            let list = Path::Root.field("updateItems");
            let message = "Another item has this externalId.";
            problems.add(&list.index(index).field("externalId"), ProblemCode::Duplicate, message);
        }
    }
    // Those of new items among each other were told already.
    for (index, item) in patch.add_items.iter().enumerate() {
        let external_id = item.external_id.as_deref().map(text::canonical);
        if external_id.is_some_and(|external_id| seen.contains(&external_id)) {
            let list = Path::Root.field("addItems");
            let message = "Another item has this externalId.";
            problems.add(&list.index(index).field("externalId"), ProblemCode::Duplicate, message);
        }
    }
}
