//! Rules that look across lines: totals that stand under several countries, parts of a total, and lines of one request.

use std::collections::{BTreeSet, HashMap};

use rust_decimal::Decimal;

use crate::domain::assistance_request::ItemForm;
use crate::domain::import::ImportForm;
use crate::domain::number::plain;
use crate::interchange::bound::{Bound, Part};
use crate::interchange::field::Field;
use crate::interchange::report::{Fault, Outcome};
use crate::interchange::row::{Draft, Row, State};

/// Skips the lines of a total that stands under two or more countries.
pub(super) fn skip_repeated_totals(rows: &mut [Row<'_>], bound: &Bound) {
    let Some((condition, same)) = &bound.repeated else {
        return;
    };
    let mut seen: HashMap<(String, Decimal), (BTreeSet<String>, Vec<usize>)> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        if condition.holds(row.record)
            && let (Some(text), Some(amount), Some(country)) =
                (bound.said(same, row.record), row.quantity, &row.country)
        {
            let (countries, lines) = seen.entry((text, amount)).or_default();
            countries.insert(country.clone());
            lines.push(index);
        }
    }
    for ((text, amount), (countries, lines)) in seen {
        if countries.len() < 2 {
            continue;
        }
        let countries = countries.into_iter().collect::<Vec<_>>().join(", ");
        let reason = format!(
            "{text} stands with the same {} under {countries}: it is the whole, repeated, and no country's part",
            plain(amount)
        );
        for index in lines {
            if let Some(row) = rows.get_mut(index) {
                row.state = State::Done(Outcome::Skipped(reason.clone()));
            }
        }
    }
}

/// Makes one request of each total and its parts: the parts as they are, and the rest.
pub(super) fn join_parts(rows: &mut [Row<'_>], bound: &Bound) {
    let Some(rule) = &bound.part else { return };
    let mut families: HashMap<String, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(text) = bound.said(&rule.same, row.record) else {
            continue;
        };
        if rule.total.holds(row.record) {
            families.entry(text).or_default().0.push(index);
        } else if rule.part.holds(row.record) {
            families.entry(text).or_default().1.push(index);
        }
    }
    for (totals, parts) in families.into_values() {
        if let ([total, ..], [_, ..]) = (totals.as_slice(), parts.as_slice()) {
            let all: Vec<usize> = totals.iter().chain(&parts).copied().collect();
            let joined = if totals.len() > 1 {
                Err(Fault::whole("its part stands beside more than one total"))
            } else {
                join(rows, *total, &parts, rule)
            };
            if let Err(fault) = joined {
                refuse(rows, &all, &fault);
            }
        }
    }
}

/// Refuses the lines that were not refused for a reason of their own.
fn refuse(rows: &mut [Row<'_>], lines: &[usize], fault: &Fault) {
    for index in lines {
        if let Some(row) = rows.get_mut(*index)
            && !row.is_refused()
        {
            row.refuse(fault.clone());
        }
    }
}

fn join(rows: &mut [Row<'_>], total: usize, parts: &[usize], rule: &Part) -> Result<(), Fault> {
    let draft = |index: &usize| match rows.get(*index).map(|row| (&row.state, row.line())) {
        Some((State::Ready(draft), line)) => {
            let item = draft.items.first().map(|(item, _)| item.clone());
            item.map(|item| (draft.import.clone(), item, line))
                .ok_or_else(|| Fault::whole(format!("line {line}, which belongs to it, has no item")))
        }
        Some((_, line)) => Err(Fault::whole(format!("line {line}, which belongs to it, is refused"))),
        None => Err(Fault::whole("a line that belongs to it is missing")),
    };
    let (import, whole, line) = draft(&total)?;
    let parts_found = parts.iter().map(draft).collect::<Result<Vec<_>, _>>()?;
    let mut rest = whole.quantity;
    let mut items = Vec::with_capacity(parts.len() + 1);
    for (_, part, line) in parts_found {
        if part.unit != whole.unit || part.unit_cost_usd != whole.unit_cost_usd || part.kind != whole.kind {
            return Err(Fault::whole("part and total are not counted in the same unit"));
        }
        rest -= part.quantity;
        let description = Some(rule.part_description.clone());
        items.push((ItemForm { description, ..part }, line));
    }
    if rest.is_sign_negative() && !rest.is_zero() {
        let over = plain(rest.abs());
        return Err(Fault::whole(format!("the parts are more than their total, by {over}")));
    }
    if !rest.is_zero() {
        let description = Some(rule.rest_description.clone());
        let item = ItemForm {
            description,
            quantity: rest,
            ..whole
        };
        items.push((item, line));
    }
    let into = import.form.external_id.clone().unwrap_or_default();
    for index in parts {
        if let Some(row) = rows.get_mut(*index) {
            row.state = State::Done(Outcome::Merged(into.clone()));
        }
    }
    if let Some(row) = rows.get_mut(total) {
        row.state = State::Ready(Box::new(Draft { import, items }));
    }
    Ok(())
}

/// Skips each line that says the same as one above it, to the last cell. It is asked only of files whose lines are
/// items of a request: there it would double a need in silence.
pub(super) fn skip_repeated_lines(rows: &mut [Row<'_>], bound: &Bound) {
    if !bound.group {
        return;
    }
    let mut seen: HashMap<Vec<Option<&str>>, u64> = HashMap::new();
    for row in rows {
        let line = row.line();
        let first = *seen.entry(row.record.said().collect()).or_insert(line);
        if first != line && !row.is_refused() {
            row.state = State::Done(Outcome::Skipped(format!("it says the same as line {first}")));
        }
    }
}

/// Lines of each request, by source and external id, in the order of their first lines.
pub(super) fn families(rows: &[Row<'_>]) -> Vec<Vec<usize>> {
    let mut places: HashMap<(&Option<String>, &str), usize> = HashMap::new();
    let mut families: Vec<Vec<usize>> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if matches!(
            row.state,
            State::Done(Outcome::Skipped(_) | Outcome::Merged(_) | Outcome::Read(_))
        ) {
            continue;
        }
        let Some(id) = &row.external_id else { continue };
        let place = *places.entry((&row.source, id)).or_insert(families.len());
        match families.get_mut(place) {
            Some(family) => family.push(index),
            None => families.push(vec![index]),
        }
    }
    families
}

/// Makes one request of the lines of one external id. Where they are not meant to be one, the second is refused; where
/// they are, one that is refused refuses all: a request with items missing would say that less is needed.
pub(super) fn join_lines(rows: &mut [Row<'_>], lines: &[usize], bound: &Bound, most_items: usize) {
    let [first, others @ ..] = lines else { return };
    let Some(first_line) = rows.get(*first).map(Row::line) else {
        return;
    };
    if !bound.group {
        let fault = Fault::whole(format!("line {first_line} has this external id already"));
        refuse(rows, others, &fault);
        return;
    }
    let refused = lines
        .iter()
        .filter_map(|index| rows.get(*index))
        .find(|row| row.is_refused());
    if let Some(line) = refused.map(Row::line) {
        let fault = Fault::whole(format!("line {line} of the same request is refused, so all of it is"));
        return refuse(rows, lines, &fault);
    }
    let Some(joined) = joined(rows, lines) else { return };
    let fault = match joined {
        Ok(draft) if draft.items.len() > most_items => Fault::whole(format!(
            "the request has {} items; at most {most_items} are taken",
            draft.items.len()
        )),
        Ok(draft) => return keep(rows, lines, draft),
        Err(fault) => fault,
    };
    refuse(rows, lines, &fault);
}

/// The first line that names an item stands for the request, or the first line where none does. Those that name none beside it
/// say nothing of their own.
fn keep(rows: &mut [Row<'_>], lines: &[usize], joined: Draft) {
    let names_item = |row: &Row<'_>| matches!(&row.state, State::Ready(draft) if !draft.items.is_empty());
    let named = lines.iter().find(|index| rows.get(**index).is_some_and(names_item));
    let Some(keeper) = named.or(lines.first()) else { return };
    let Some(line) = rows.get(*keeper).map(Row::line) else {
        return;
    };
    for index in lines.iter().filter(|index| *index != keeper) {
        if let Some(row) = rows.get_mut(*index) {
            let outcome = match names_item(row) {
                true => Outcome::Loaded,
                false => Outcome::Skipped(format!(
                    "line {line} is of the same request, and this one names no item"
                )),
            };
            row.state = State::Done(outcome);
        }
    }
    if let Some(row) = rows.get_mut(*keeper) {
        row.state = State::Ready(Box::new(joined));
    }
}

fn joined(rows: &[Row<'_>], lines: &[usize]) -> Option<Result<Draft, Fault>> {
    let mut drafts = lines.iter().filter_map(|index| match &rows.get(*index)?.state {
        State::Ready(draft) => Some((draft, rows.get(*index)?.line())),
        State::Done(_) => None,
    });
    let (first, first_line) = drafts.next()?;
    let mut items = first.items.clone();
    for (draft, line) in drafts {
        if let Some(field) = difference(&first.import, &draft.import) {
            let reason = format!(
                "lines {first_line} and {line} are of one request and differ in {}",
                field.header()
            );
            return Some(Err(Fault::whole(reason)));
        }
        items.extend(draft.items.iter().cloned());
    }
    let mut ids: HashMap<&str, u64> = HashMap::new();
    for (item, line) in &items {
        if let Some(id) = &item.external_id
            && let Some(before) = ids.insert(id, *line)
        {
            let reason = format!("lines {before} and {line} have the same external id of an item, {id}");
            return Some(Err(Fault::whole(reason)));
        }
    }
    Some(Ok(Draft {
        import: first.import.clone(),
        items,
    }))
}

/// The first field in which two lines of one request differ.
fn difference(one: &ImportForm, other: &ImportForm) -> Option<Field> {
    let (a, b) = (&one.form, &other.form);
    let fields = [
        (Field::Country, a.country == b.country),
        (Field::Title, a.title == b.title),
        (Field::Description, a.description == b.description),
        (Field::Language, a.language == b.language),
        (Field::Priority, a.priority == b.priority),
        (Field::PeopleInNeed, a.people_in_need == b.people_in_need),
        (Field::NeededBy, a.needed_by == b.needed_by),
        (Field::ContactName, a.contact == b.contact),
        (Field::SourceUrl, a.source_url == b.source_url),
        (Field::ConfirmedOn, one.confirmed_on == other.confirmed_on),
        (Field::VerifiedOn, one.verified_on == other.verified_on),
    ];
    fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
}
