//! What every write of requests shares: the fresh row under its lock, the checks that come first, and the items.

use chrono::NaiveDate;
use entity::enums::{ItemKind, RequestStatus};
use entity::{assistance_request as ar, request_item as ri};
use sea_orm::sea_query::IntoIden;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Set, Statement, TryIntoModel,
};
use uuid::Uuid;

use crate::domain::assistance_request::{Contact, NewItem};
use crate::domain::figures::Figures;
use crate::domain::problem::{Problem, ProblemCode};
use crate::domain::rights::Operation;
use crate::domain::search::indexed;
use crate::domain::step::{Step, Subject, is_own, may, open_in};
use crate::domain::text::fold;
use crate::error::Error;
use crate::store::condition::visible_request;
use crate::store::movement::{self, Cause};
use crate::store::{Outcome, Refused, Write, turn};

/// The rules' view of a row.
pub(super) fn subject(row: &ar::Model) -> Subject<'_> {
    Subject {
        country: &row.country_code,
        status: row.status,
        created_by: &row.created_by,
        submitted_by: row.submitted_by.as_deref(),
    }
}

/// The row, locked until the transaction ends, where the actor may see it.
async fn lock(w: &Write, id: Uuid) -> Result<Option<ar::Model>, DbErr> {
    let table = ar::Entity.into_iden();
    let query = ar::Entity::find_by_id(id).filter(visible_request(&w.actor, &table));
    turn::take(w, id).await?;
    match w.backend() {
        DbBackend::Postgres => query.lock_exclusive().one(&w.tx).await,
        // The transaction holds the only write lock there is.
        _ => query.one(&w.tx).await,
    }
}

/// The row for a step: seen, with the right, at the version that was named, in a status where the step is open.
pub(super) async fn load(w: &Write, id: Option<Uuid>, version: i32, step: Step) -> Outcome<ar::Model> {
    let found = match id {
        Some(id) => lock(w, id).await?,
        None => None,
    };
    let row = found.ok_or_else(|| Problem::new(ProblemCode::NotFound, "No request has this id.").at("id"))?;
    w.journal.saw_request(&row);
    check_right(w, &row, step)?;
    if row.version != version {
        let message = format!(
            "The request is at version {}, not {version}: look at it again.",
            row.version
        );
        return Err(Problem::new(ProblemCode::StaleVersion, message)
            .at("version")
            .with("current", row.version)
            .into());
    }
    if step.next(row.status).is_none() {
        return Err(not_open(step, row.status).into());
    }
    Ok(row)
}

fn check_right(w: &Write, row: &ar::Model, step: Step) -> Outcome<()> {
    let subject = subject(row);
    if may(&w.actor, step, &subject) {
        return Ok(());
    }
    let message = if step.operation() == Operation::Review && is_own(&w.actor, &subject) {
        format!(
            "Nobody may use {} for what one created or submitted oneself.",
            step.mutation()
        )
    } else {
        format!("You may not use {} for this request.", step.mutation())
    };
    Err(Refused::Error(Error::Forbidden(message)))
}

/// The problem of a step that is not open.
pub(super) fn not_open(step: Step, status: RequestStatus) -> Problem {
    use sea_orm::ActiveEnum;
    let open = open_in(status);
    let open = if open.is_empty() {
        "none".to_owned()
    } else {
        open.join(", ")
    };
    let status = status.to_value();
    let message = format!(
        "{} is not open while the request is {status}; open are: {open}.",
        step.mutation()
    );
    Problem::new(ProblemCode::InvalidTransition, message)
        .at("id")
        .with("status", status)
        .with("open", open)
}

/// The items of a request in their places.
pub(super) async fn items(w: &Write, request: Uuid) -> Result<Vec<ri::Model>, DbErr> {
    ri::Entity::find()
        .filter(ri::Column::RequestId.eq(request))
        .order_by_asc(ri::Column::Position)
        .order_by_asc(ri::Column::Id)
        .all(&w.tx)
        .await
}

/// Appends items after the place `from`; verified on a day, where the operator vouches for them. Gives the rows.
pub(super) async fn insert_items(
    w: &Write,
    request: Uuid,
    from: i32,
    items: &[NewItem],
    verified_on: Option<NaiveDate>,
) -> Outcome<Vec<ri::Model>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let (mut movements, mut made) = (Vec::new(), Vec::with_capacity(items.len()));
    let mut rows: Vec<ri::ActiveModel> = Vec::with_capacity(items.len());
    for (item, position) in items.iter().zip(from..) {
        let id = Uuid::now_v7();
        if let Some(on) = verified_on {
            movements.push((
                Cause {
                    item: id,
                    contribution: None,
                    on,
                },
                Figures::base(item.quantity_milli),
            ));
        }
        let row = new_item(id, request, position, item, verified_on.is_some());
        let model = row.clone().try_into_model()?;
        w.journal.created(&model);
        made.push(model);
        rows.push(row);
    }
    ri::Entity::insert_many(rows).exec_without_returning(&w.tx).await?;
    movement::record(w, &movements);
    Ok(made)
}

fn new_item(id: Uuid, request: Uuid, position: i32, item: &NewItem, approved: bool) -> ri::ActiveModel {
    let NewItem {
        external_id,
        kind,
        category,
        commodity,
        description,
        unit,
        quantity_milli,
        unit_cost_e4,
        left_out: _,
    } = item;
    ri::ActiveModel {
        id: Set(id),
        request_id: Set(request),
        position: Set(position),
        external_id: Set(external_id.clone()),
        kind: Set(*kind),
        category_code: Set(category.clone()),
        commodity_code: Set(commodity.clone()),
        description: Set(description.clone()),
        unit_code: Set(unit.clone()),
        quantity_milli: Set(*quantity_milli),
        approved_milli: Set(approved.then_some(*quantity_milli)),
        approval_note: Set(None),
        unit_cost_e4: Set(*unit_cost_e4),
        pledged_milli: Set(0),
        committed_milli: Set(0),
        in_transit_milli: Set(0),
        delivered_milli: Set(0),
        uncovered_milli: Set(*quantity_milli),
        unmet_milli: Set(*quantity_milli),
        uncovered_value_e7: Set(unit_cost_e4.map(|cost| quantity_milli * cost)),
    }
}

/// The columns of an item's base, while nothing of it is covered.
pub(super) fn set_base(change: &mut ri::ActiveModel, base: i64, unit_cost_e4: Option<i64>) {
    change.uncovered_milli = Set(base);
    change.unmet_milli = Set(base);
    change.uncovered_value_e7 = Set(unit_cost_e4.map(|cost| base * cost));
}

/// Saves what was changed of the request, with the next version; of one that has been verified, what figures of past
/// days are told by is remembered.
pub(super) async fn save(w: &Write, row: &ar::Model, step: Step, mut change: ar::ActiveModel) -> Outcome<()> {
    let status = set_or(&change.status, row.status);
    let priority = set_or(&change.priority, row.priority);
    let people = set_or(&change.people_in_need, row.people_in_need);
    let verified_at = set_or(&change.verified_at, row.verified_at);
    change.id = ActiveValue::Unchanged(row.id);
    change.version = Set(row.version + 1);
    change.updated_at = Set(w.now);
    let after = change.update(&w.tx).await?;
    w.journal.changed_request(step.action(), row, &after);
    w.leaves_request(&after, None);
    let before = row.verified_at.map(|_| (row.status, row.priority, row.people_in_need));
    if verified_at.is_some() && before != Some((status, priority, people)) {
        movement::remember(w, row.id, status, priority, people, w.now.date_naive());
    }
    Ok(())
}

fn set_or<V: Copy + Into<sea_orm::Value>>(value: &ActiveValue<V>, kept: V) -> V {
    match value {
        Set(value) => *value,
        _ => kept,
    }
}

/// The columns of a contact.
pub(super) fn set_contact(change: &mut ar::ActiveModel, contact: &Contact) {
    let Contact {
        name,
        role,
        email,
        phone,
    } = contact.clone();
    change.contact_name = Set(name);
    change.contact_role = Set(role);
    change.contact_email = Set(email);
    change.contact_phone = Set(phone);
}

/// The contact of a row.
pub(super) fn contact_of(row: &ar::Model) -> Contact {
    Contact {
        name: row.contact_name.clone(),
        role: row.contact_role.clone(),
        email: row.contact_email.clone(),
        phone: row.contact_phone.clone(),
    }
}

/// The columns of title and description, which are matched folded.
pub(super) fn set_texts(change: &mut ar::ActiveModel, title: &str, description: Option<&str>) {
    change.title = Set(title.into());
    change.title_folded = Set(fold(title));
    change.description = Set(description.map(Into::into));
    let text = match description {
        Some(description) => format!("{title}\n{description}"),
        None => title.into(),
    };
    change.text_folded = Set(fold(&text));
    change.words_folded = Set(indexed(&text));
}

/// The next number of a reference: one sequence for all countries, gaps allowed, never used twice.
pub(super) async fn next_reference_number(w: &Write) -> Result<i64, DbErr> {
    if let Some(number) = w.opened.take_number() {
        return Ok(number);
    }
    let sql = match w.backend() {
        DbBackend::Postgres => "SELECT nextval('assistance_request_reference')",
        _ => "UPDATE assistance_request_reference SET value = value + 1 RETURNING value",
    };
    let row = w.tx.query_one_raw(Statement::from_string(w.backend(), sql)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("the sequence of references".into()))?
        .try_get_by_index(0)
}

/// That every code of a request that is handed in is still in use, and that it asks for something.
pub(super) fn check_submittable(w: &Write, row: &ar::Model, items: &[ri::Model]) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    if items.is_empty() {
        problems.push(Problem::new(ProblemCode::NoItems, "A request is handed in with at least one item.").at("id"));
    }
    let reference = &w.reference;
    let inactive = |noun: &str, code: &str| {
        let message = format!("The {noun} {code} is retired by now: choose another.");
        Problem::new(ProblemCode::Inactive, message).at("id").with("code", code)
    };
    if reference
        .countries
        .get(&row.country_code)
        .is_none_or(|country| !country.row.active)
    {
        problems.push(inactive("country", &row.country_code));
    }
    for (index, item) in items.iter().enumerate() {
        let inactive = |noun: &str, code: &str| inactive(noun, code).with("item", index);
        if reference
            .categories
            .get(&item.category_code)
            .is_none_or(|category| !category.row.active)
        {
            problems.push(inactive("category", &item.category_code));
        }
        if let Some(code) = &item.commodity_code
            && reference
                .commodities
                .get(code)
                .is_none_or(|commodity| !commodity.row.active)
        {
            problems.push(inactive("commodity", code));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// What a unit of an item may cost: FUNDING always 1.
pub(super) const fn cost_is_fixed(kind: ItemKind) -> bool {
    matches!(kind, ItemKind::Funding)
}
