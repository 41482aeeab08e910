//! Requests as CSV: one line an item, the request's columns repeated, in UTF-8. What is written here is read back by
//! the import as it was.
//!
//! A cell that a spreadsheet would take for a formula (it begins with = + - or @), and one that a reader would take for
//! nothing (N/A), is written behind an apostrophe. The import takes the apostrophe away again; other programs should.

use std::collections::HashMap;
use std::io::{self, Write};

use entity::assistance_request as ar;
use entity::enums::RequestStatus;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::domain::assistance_request::{ContactForm, ItemForm, RequestForm};
use crate::domain::filter::{Filter, RequestField};
use crate::domain::import::ImportForm;
use crate::domain::number::{QUANTITY_SCALE, UNIT_COST_SCALE, from_fixed, plain};
use crate::domain::rights::{Operation, scope};
use crate::error::Error;
use crate::interchange::cell::{KINDS, LANGUAGES, PRIORITIES, charge, name_of};
use crate::interchange::field::{FIELDS, Field};
use crate::store::page::{Arguments, Paging};
use crate::store::request_item::{ItemRow, of_requests};
use crate::store::{Reader, assistance_request};

/// Requests a page.
const PAGE: u32 = 200;

/// Columns that an import doesn't read, with their hashtags: before the fields ...
const BEFORE: [(&str, &str); 2] = [("reference", "#meta+reference"), ("status", "#status")];
/// ... and after them. The number tells equal items of a request apart from a line that came in twice.
const AFTER: [(&str, &str); 2] = [("approvedQuantity", "#quantity+approved"), ("itemNumber", "#item+num")];

/// Statuses by the names that clients see.
const STATUSES: [(&str, RequestStatus); 7] = [
    ("DRAFT", RequestStatus::Draft),
    ("SUBMITTED", RequestStatus::Submitted),
    ("RETURNED", RequestStatus::Returned),
    ("VERIFIED", RequestStatus::Verified),
    ("CLOSED", RequestStatus::Closed),
    ("REJECTED", RequestStatus::Rejected),
    ("WITHDRAWN", RequestStatus::Withdrawn),
];

/// A request as it is written.
#[derive(Clone, Debug)]
pub struct Exported {
    /// What an import reads back.
    pub request: ImportForm,
    /// Our own id of it, for people.
    pub reference: String,
    /// Where it stands.
    pub status: RequestStatus,
    /// What was approved of each item, in its units.
    pub approved: Vec<Option<Decimal>>,
}

/// Why an export ended before its end.
#[derive(Debug)]
pub enum ExportError {
    /// The store fails.
    Store(Error),
    /// Whoever it is written for has gone away, or the disk is full.
    Write(io::Error),
}

impl From<Error> for ExportError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        Self::Write(error.into())
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// How requests are written, one after another.
#[derive(Debug)]
pub struct Sheet<W: Write>(csv::Writer<W>);

impl<W: Write> Sheet<W> {
    /// Begins with the headers and, where they are wanted, the HXL hashtags.
    ///
    /// # Errors
    /// The writer's.
    pub fn new(out: W, hxl: bool) -> Result<Self, ExportError> {
        let mut writer = csv::Writer::from_writer(out);
        let fields = FIELDS.iter().map(|named| (named.header, named.tag));
        let columns: Vec<(&str, &str)> = BEFORE.into_iter().chain(fields).chain(AFTER).collect();
        writer.write_record(columns.iter().map(|(header, _)| header))?;
        if hxl {
            writer.write_record(columns.iter().map(|(_, tag)| tag))?;
        }
        Ok(Self(writer))
    }

    /// Writes a request: a line an item, or one line where it has none.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&mut self, exported: &Exported) -> Result<(), ExportError> {
        let items: Vec<Option<&ItemForm>> = match exported.request.form.items.as_slice() {
            [] => vec![None],
            items => items.iter().map(Some).collect(),
        };
        for (index, item) in items.into_iter().enumerate() {
            let fields = FIELDS
                .iter()
                .map(|named| said(named.field, &exported.request, item).unwrap_or_default());
            let before = [
                exported.reference.clone(),
                name_of(&exported.status, &STATUSES).to_owned(),
            ];
            let approved = exported.approved.get(index).copied().flatten();
            let after = [approved.map(plain).unwrap_or_default(), (index + 1).to_string()];
            let cells = before.into_iter().chain(fields).chain(after);
            self.0.write_record(cells.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Hands on what is still held back.
    ///
    /// # Errors
    /// The writer's.
    pub fn flush(&mut self) -> Result<(), ExportError> {
        Ok(self.0.flush()?)
    }
}

/// What the cell of a field says.
fn said(field: Field, request: &ImportForm, item: Option<&ItemForm>) -> Option<String> {
    let form = &request.form;
    let contact = form.contact.as_ref();
    let text = |text: &Option<String>| text.as_deref().map(charge);
    match field {
        Field::Source => text(&form.source),
        Field::ExternalId => text(&form.external_id),
        Field::SourceUrl => text(&form.source_url),
        Field::Country => Some(form.country.clone()),
        Field::Title => Some(charge(&form.title)),
        Field::Description => text(&form.description),
        Field::Language => Some(name_of(&form.language, &LANGUAGES).to_owned()),
        Field::Priority => Some(name_of(&form.priority, &PRIORITIES).to_owned()),
        Field::PeopleInNeed => form.people_in_need.map(|people| people.to_string()),
        Field::NeededBy => form.needed_by.map(|day| day.to_string()),
        Field::ContactName => contact.and_then(|contact| text(&contact.name)),
        Field::ContactRole => contact.and_then(|contact| text(&contact.role)),
        Field::ContactEmail => contact.and_then(|contact| text(&contact.email)),
        Field::ContactPhone => contact.and_then(|contact| text(&contact.phone)),
        Field::ConfirmedOn => request.confirmed_on.map(|day| day.to_string()),
        Field::VerifiedOn => request.verified_on.map(|day| day.to_string()),
        Field::ItemExternalId => text(&item?.external_id),
        Field::Kind => Some(name_of(&item?.kind, &KINDS).to_owned()),
        Field::Category => item?.category.clone(),
        Field::Commodity => item?.commodity.clone(),
        Field::ItemDescription => text(&item?.description),
        Field::Quantity => Some(plain(item?.quantity)),
        Field::Unit => item?.unit.clone(),
        Field::UnitCostUsd => item?.unit_cost_usd.map(plain),
        Field::ValueUsd => item?.quantity.checked_mul(item?.unit_cost_usd?).map(plain),
    }
}

/// Columns of a request that are written.
const REQUEST: [ar::Column; 20] = [
    ar::Column::Id,
    ar::Column::Reference,
    ar::Column::Status,
    ar::Column::Source,
    ar::Column::ExternalId,
    ar::Column::SourceUrl,
    ar::Column::CountryCode,
    ar::Column::Title,
    ar::Column::Description,
    ar::Column::Language,
    ar::Column::Priority,
    ar::Column::PeopleInNeed,
    ar::Column::NeededBy,
    ar::Column::ContactName,
    ar::Column::ContactRole,
    ar::Column::ContactEmail,
    ar::Column::ContactPhone,
    ar::Column::ConfirmedAt,
    ar::Column::VerifiedAt,
    ar::Column::CreatedAt,
];

/// Writes the requests that the reader may see, a page after the other, and tells `progress` after each how many there
/// were. A reader of a snapshot writes one state of the store, however long it takes.
///
/// # Errors
/// The store's or the writer's; what was written before stays written.
pub async fn export(
    reader: &Reader,
    filter: &Filter<RequestField>,
    sheet: &mut Sheet<impl Write + Send>,
    progress: &mut (dyn FnMut(usize) + Send),
) -> Result<usize, ExportError> {
    let order = [assistance_request::OrderBy {
        field: assistance_request::OrderField::Reference,
        descending: false,
    }];
    let mut after = None;
    let mut written = 0;
    loop {
        let arguments = Arguments {
            after: after.take(),
            ..Arguments::default()
        };
        let paging = Paging::new(&arguments, PAGE, PAGE, "export", "", "")?;
        let page = assistance_request::page(reader, filter, &order, &paging, &REQUEST, false).await?;
        let ids = page
            .rows
            .iter()
            .map(|(row, _)| row.id().copied())
            .collect::<Result<Vec<_>, _>>()?;
        let mut items: HashMap<Uuid, Vec<ItemRow>> = HashMap::new();
        for (request, item) in of_requests(reader, &ids, ItemRow::COLUMNS).await? {
            items.entry(request).or_default().push(item);
        }
        for (row, id) in page.rows.iter().map(|(row, _)| row).zip(&ids) {
            let items = items.remove(id).unwrap_or_default();
            sheet.write(&exported(reader, row, &items)?)?;
        }
        written += ids.len();
        progress(written);
        match page.rows.into_iter().next_back() {
            Some((_, cursor)) if page.has_next => after = Some(cursor.text()),
            _ => break,
        }
    }
    sheet.flush()?;
    Ok(written)
}

fn exported(reader: &Reader, row: &assistance_request::RequestRow, items: &[ItemRow]) -> Result<Exported, Error> {
    let contact = ContactForm {
        name: row.contact_name()?.clone(),
        role: row.contact_role()?.clone(),
        email: row.contact_email()?.clone(),
        phone: row.contact_phone()?.clone(),
    };
    let country = row.country_code()?.clone();
    let may_read = scope(reader.actor(), Operation::ReadContact).holds(Some(&country), None);
    let form = RequestForm {
        country,
        title: row.title()?.clone(),
        description: row.description()?.clone(),
        language: *row.language()?,
        priority: *row.priority()?,
        people_in_need: *row.people_in_need()?,
        needed_by: *row.needed_by()?,
        contact: (may_read && contact != ContactForm::default()).then_some(contact),
        source: row.source()?.clone(),
        source_url: row.source_url()?.clone(),
        external_id: row.external_id()?.clone(),
        items: items.iter().map(item_form).collect::<Result<_, _>>()?,
    };
    Ok(Exported {
        request: ImportForm {
            form,
            confirmed_on: Some(row.confirmed_at()?.date_naive()),
            verified_on: row.verified_at()?.map(|at| at.date_naive()),
        },
        reference: row.reference()?.clone(),
        status: *row.status()?,
        approved: items
            .iter()
            .map(|item| Ok(item.approved_milli()?.map(|milli| from_fixed(milli, QUANTITY_SCALE))))
            .collect::<Result<_, Error>>()?,
    })
}

fn item_form(item: &ItemRow) -> Result<ItemForm, Error> {
    Ok(ItemForm {
        external_id: item.external_id()?.clone(),
        kind: *item.kind()?,
        category: Some(item.category_code()?.clone()),
        commodity: item.commodity_code()?.clone(),
        description: item.description()?.clone(),
        quantity: from_fixed(*item.quantity_milli()?, QUANTITY_SCALE),
        unit: Some(item.unit_code()?.clone()),
        unit_cost_usd: item.unit_cost_e4()?.map(|cost| from_fixed(cost, UNIT_COST_SCALE)),
    })
}

#[cfg(test)]
mod tests;
