//! The items of a request that an import brings to what their source says.

use std::collections::HashMap;

use entity::request_item as ri;
use sea_orm::{ActiveModelTrait, ActiveValue, ColumnTrait, EntityTrait, QueryFilter, Set};
use uuid::Uuid;

use crate::domain::assistance_request::{NewItem, check_value};
use crate::domain::figures::Figures;
use crate::domain::number::{QUANTITY_SCALE, from_fixed, plain};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::store::assistance_request::write;
use crate::store::movement::{self, Cause};
use crate::store::{Outcome, Write};

/// Whether an item is what its source says. What that leaves out is the commodity's, as it is now.
fn same_item(item: &ri::Model, new: &NewItem) -> bool {
    says_the_same(item, new) && item.category_code == new.category && item.unit_cost_e4 == new.unit_cost_e4
}

/// The same, where what is left out may be anything: the commodity's category and price may have changed since.
fn says_the_same(item: &ri::Model, new: &NewItem) -> bool {
    let NewItem {
        external_id,
        kind,
        category,
        commodity,
        description,
        unit,
        quantity_milli,
        unit_cost_e4,
        left_out,
    } = new;
    item.external_id == *external_id
        && item.kind == *kind
        && (left_out.category || item.category_code == *category)
        && item.commodity_code == *commodity
        && item.description == *description
        && item.unit_code == *unit
        && item.quantity_milli == *quantity_milli
        && (left_out.unit_cost || item.unit_cost_e4 == *unit_cost_e4)
}

pub(super) fn same_items(items: &[ri::Model], new: &[NewItem]) -> bool {
    items.len() == new.len() && items.iter().zip(new).all(|(item, new)| same_item(item, new))
}

/// Whether nothing that a source says of the items is another than it was, in whatever order it names those that have an external id.
pub(super) fn say_the_same(items: &[ri::Model], new: &[NewItem]) -> bool {
    let (mut items, mut new): (Vec<_>, Vec<_>) = (items.iter().collect(), new.iter().collect());
    items.sort_by_key(|item| item.external_id.as_deref());
    new.sort_by_key(|item| item.external_id.as_deref());
    items.len() == new.len() && items.into_iter().zip(new).all(|(item, new)| says_the_same(item, new))
}

/// Items are matched by their external ids, else replaced.
pub(super) async fn replace_items(w: &Write, request: Uuid, old: &[ri::Model], new: &[NewItem]) -> Outcome<()> {
    let mut by_id: HashMap<&str, &ri::Model> = old
        .iter()
        .filter_map(|item| Some((item.external_id.as_deref()?, item)))
        .collect();
    let matched: Vec<Option<&ri::Model>> = new
        .iter()
        .map(|item| by_id.remove(item.external_id.as_deref()?))
        .collect();
    let kept: Vec<Uuid> = matched.iter().flatten().map(|item| item.id).collect();
    ri::Entity::delete_many()
        .filter(ri::Column::RequestId.eq(request))
        .filter(ri::Column::Id.is_not_in(kept.iter().copied()))
        .exec(&w.tx)
        .await?;
    for item in old.iter().filter(|item| !kept.contains(&item.id)) {
        w.journal.removed(item);
    }
    for ((item, old), position) in new.iter().zip(matched).zip(0..) {
        match old {
            Some(old) => {
                let mut change = ri::ActiveModel {
                    id: ActiveValue::Unchanged(old.id),
                    position: Set(position),
                    kind: Set(item.kind),
                    category_code: Set(item.category.clone()),
                    commodity_code: Set(item.commodity.clone()),
                    description: Set(item.description.clone()),
                    unit_code: Set(item.unit.clone()),
                    quantity_milli: Set(item.quantity_milli),
                    unit_cost_e4: Set(item.unit_cost_e4),
                    ..Default::default()
                };
                write::set_base(&mut change, item.quantity_milli, item.unit_cost_e4);
                let after = change.update(&w.tx).await?;
                w.journal.changed("updated", old, &after);
            }
            None => {
                write::insert_items(w, request, position, std::slice::from_ref(item), None).await?;
            }
        }
    }
    Ok(())
}

/// The operator vouches for new figures of a VERIFIED request: quantity and approval of each item change together,
/// never below what is committed. The items stay the same things, in the same places.
pub(super) async fn vouch_items(w: &Write, old: &[ri::Model], new: &[NewItem]) -> Outcome<()> {
    let list = Path::Root.field("items");
    let mut problems = Problems::default();
    if old.len() != new.len() {
        let message = format!("The request is VERIFIED with {} items; their number stays.", old.len());
        problems.add(&list, ProblemCode::Conflict, message);
    }
    for (index, (old, new)) in old.iter().zip(new).enumerate() {
        let same = (&old.external_id, old.kind, &old.commodity_code, &old.unit_code)
            == (&new.external_id, new.kind, &new.commodity, &new.unit);
        if !(same && (new.left_out.category || old.category_code == new.category)) {
            let message = "The request is VERIFIED: this item stays what it is, only its figures change.";
            problems.add(&list.index(index), ProblemCode::Conflict, message);
        }
        let quantity_at = list.index(index);
        let quantity_at = quantity_at.field("quantity");
        check_value(
            Some(new.quantity_milli),
            unit_cost(old, new),
            &quantity_at,
            &mut problems,
        );
    }
    problems.or_else(Some(()))?;
    for (index, (old, new)) in old.iter().zip(new).enumerate() {
        let base = movement::figures(old).requested;
        let unit_cost_e4 = unit_cost(old, new);
        let cause = Cause {
            item: old.id,
            contribution: None,
            on: w.now.date_naive(),
        };
        let mut change = ri::ActiveModel {
            id: ActiveValue::Unchanged(old.id),
            description: Set(new.description.clone()),
            quantity_milli: Set(new.quantity_milli),
            approved_milli: Set(Some(new.quantity_milli)),
            unit_cost_e4: Set(unit_cost_e4),
            ..Default::default()
        };
        let moved = new.quantity_milli - base;
        if moved != 0 && !movement::apply(w, cause, Figures::base(moved)).await? {
            let committed = plain(from_fixed(movement::figures(old).covered(), QUANTITY_SCALE));
            let message = format!("{committed} of this item are committed, in transit or delivered already.");
            let problem = Problem::new(ProblemCode::BelowCommitted, message).with("committed", committed);
            return Err(problem.at_path(&list.index(index).field("quantity")).into());
        }
        let uncovered = old.uncovered_milli + moved;
        change.uncovered_value_e7 = Set(unit_cost_e4.map(|cost| uncovered * cost));
        let after = change.update(&w.tx).await?;
        w.journal.changed("updated", old, &after);
    }
    Ok(())
}

/// What a unit of a vouched item costs: as before, where the row says nothing of it.
fn unit_cost(old: &ri::Model, new: &NewItem) -> Option<i64> {
    match new.left_out.unit_cost {
        true => old.unit_cost_e4,
        false => new.unit_cost_e4,
    }
}
