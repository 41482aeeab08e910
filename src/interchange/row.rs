//! One record as a request with one item, everything that is wrong with it told by column.

use chrono::NaiveDate;
use entity::enums::Locale;
use rust_decimal::Decimal;

use crate::domain::assistance_request::{ContactForm, ItemForm, RequestForm};
use crate::domain::import::ImportForm;
use crate::domain::number::{VALUE_SCALE, value_e7};
use crate::domain::problem::{Path, Problem, Problems};
use crate::domain::reference::Reference;
use crate::interchange::bound::Bound;
use crate::interchange::cell::{self, KINDS, LANGUAGES, PRIORITIES};
use crate::interchange::field::Field;
use crate::interchange::report::{Fault, Outcome};
use crate::interchange::table::Record;

/// Half a cent: what rounding to cents may leave between a value and the product it is of.
const HALF_A_CENT: Decimal = Decimal::from_parts(5, 0, 0, false, 3);
/// Characters of a cell that are shown in a report.
const SHOWN: usize = 60;

/// A record as far as it has been followed.
#[derive(Debug)]
pub(super) struct Row<'t> {
    pub(super) record: &'t Record,
    /// Country, source, external id and title, as far as they could be read: reports and rules need them of lines that
    /// are refused, too.
    pub(super) country: Option<String>,
    pub(super) source: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) quantity: Option<Decimal>,
    pub(super) state: State,
}

/// Whether a record still goes on.
#[derive(Debug)]
pub(super) enum State {
    /// It is a request so far.
    Ready(Box<Draft>),
    /// It has ended.
    Done(Outcome),
}

/// A request so far.
#[derive(Debug)]
pub(super) struct Draft {
    /// The request, of which the items stand beside.
    pub(super) import: ImportForm,
    /// Its items with their lines.
    pub(super) items: Vec<(ItemForm, u64)>,
}

impl Row<'_> {
    pub(super) const fn line(&self) -> u64 {
        self.record.line
    }

    pub(super) const fn is_refused(&self) -> bool {
        matches!(self.state, State::Done(Outcome::Refused(_)))
    }

    pub(super) fn refuse(&mut self, fault: Fault) {
        self.state = State::Done(Outcome::Refused(vec![fault]));
    }
}

/// Reads a record.
pub(super) fn read<'t>(record: &'t Record, bound: &Bound, reference: &Reference) -> Row<'t> {
    let mut reading = Reading {
        record,
        bound,
        reference,
        faults: Vec::new(),
    };
    let country = reading.country();
    let source = reading.text(Field::Source);
    let external_id = reading.text(Field::ExternalId);
    let title = reading.text(Field::Title);
    let quantity = reading.number(Field::Quantity);
    let mut row = Row {
        record,
        country,
        source,
        external_id,
        title,
        quantity,
        state: State::Done(Outcome::Read(None)),
    };
    let state = if bound.report_only {
        Some(State::Done(Outcome::Read(reading.shown(&row))))
    } else {
        reading.draft(&row).map(|draft| State::Ready(Box::new(draft)))
    };
    if let Some(fault) = &record.fault {
        reading.faults = vec![fault.clone()];
    }
    row.state = match state {
        Some(state) if reading.faults.is_empty() => state,
        _ => State::Done(Outcome::Refused(reading.faults)),
    };
    row
}

struct Reading<'a> {
    record: &'a Record,
    bound: &'a Bound,
    reference: &'a Reference,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn fault(&mut self, field: Field, reason: impl Into<String>) {
        let column = Some(self.bound.label(field, self.record));
        self.faults.push(Fault {
            column,
            reason: reason.into(),
        });
    }

    fn text(&mut self, field: Field) -> Option<String> {
        self.bound.text(field, self.record).unwrap_or_else(|fault| {
            self.faults.push(fault);
            None
        })
    }

    /// A code: in capitals, which is all that tells `prk` from `PRK`.
    fn code(&mut self, field: Field) -> Option<String> {
        self.text(field).map(|text| text.to_uppercase())
    }

    fn parsed<T>(&mut self, field: Field, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(field)?;
        parse(&text).map_err(|reason| self.fault(field, reason)).ok()
    }

    fn number(&mut self, field: Field) -> Option<Decimal> {
        let decimal_comma = self.bound.decimal_comma;
        self.parsed(field, |text| cell::number(text, decimal_comma))
    }

    fn day(&mut self, field: Field) -> Option<NaiveDate> {
        self.parsed(field, cell::day)
    }

    fn people(&mut self) -> Option<i32> {
        let people = self.number(Field::PeopleInNeed)?;
        let whole = Some(people)
            .filter(Decimal::is_integer)
            .and_then(|whole| i32::try_from(whole).ok());
        if whole.is_none() {
            self.fault(Field::PeopleInNeed, format!("{people} is no whole number of people"));
        }
        whole
    }

    /// The country's alpha-3 code, or whatever stands there. Spreadsheets take the zeros from M49 codes.
    fn country(&mut self) -> Option<String> {
        let mut code = self.code(Field::Country)?;
        if code.bytes().all(|byte| byte.is_ascii_digit()) {
            code = format!("{code:0>3}");
        }
        let known = self.reference.country(&code).map(|country| country.row.code.clone());
        Some(known.unwrap_or(code))
    }

    fn needs<T>(&mut self, field: Field, value: Option<T>) -> Option<T> {
        // A cell that says something that can't be read was told already.
        let label = self.bound.label(field, self.record);
        let told = |fault: &Fault| fault.column.as_ref() == Some(&label);
        if value.is_none() && !self.faults.iter().any(told) {
            self.fault(field, "there must be something here, and there is nothing");
        }
        value
    }

    /// People in need of a line that is only shown.
    fn shown(&mut self, row: &Row<'_>) -> Option<i32> {
        if let Some(country) = self.needs(Field::Country, row.country.clone())
            && self.reference.country(&country).is_none()
        {
            self.fault(Field::Country, format!("No country has the code {country}."));
        }
        self.people()
    }

    fn draft(&mut self, row: &Row<'_>) -> Option<Draft> {
        let form = self.request(row);
        let confirmed_on = self.day(Field::ConfirmedOn);
        let verified_on = self.day(Field::VerifiedOn);
        let item = self.item(row.quantity);
        let form = form?;
        let mut problems = Problems::default();
        form.check(self.reference, 0, &Path::Root, &mut problems);
        self.tell(problems, false);
        Some(Draft {
            import: ImportForm {
                form,
                confirmed_on,
                verified_on,
            },
            items: item.into_iter().map(|item| (item, self.record.line)).collect(),
        })
    }

    fn request(&mut self, row: &Row<'_>) -> Option<RequestForm> {
        let country = self.needs(Field::Country, row.country.clone());
        let title = self.needs(Field::Title, row.title.clone());
        let source = self.needs(Field::Source, row.source.clone());
        let external_id = self.needs(Field::ExternalId, row.external_id.clone());
        let priority = self.parsed(Field::Priority, |text| cell::one_of(text, &PRIORITIES));
        let priority = self.needs(Field::Priority, priority);
        let language = self.parsed(Field::Language, |text| cell::one_of(text, &LANGUAGES));
        let description = self.text(Field::Description);
        let people_in_need = self.people();
        let needed_by = self.day(Field::NeededBy);
        let contact = self.contact();
        let source_url = self.text(Field::SourceUrl);
        Some(RequestForm {
            country: country?,
            title: title?,
            description,
            language: language.unwrap_or(Locale::En),
            priority: priority?,
            people_in_need,
            needed_by,
            contact,
            source: Some(source?),
            source_url,
            external_id: Some(external_id?),
            items: Vec::new(),
        })
    }

    fn contact(&mut self) -> Option<ContactForm> {
        let contact = ContactForm {
            name: self.text(Field::ContactName),
            role: self.text(Field::ContactRole),
            email: self.text(Field::ContactEmail),
            phone: self.text(Field::ContactPhone),
        };
        (contact != ContactForm::default()).then_some(contact)
    }

    /// The item; none where the line says nothing of one, as the export writes a request that has none yet.
    fn item(&mut self, quantity: Option<Decimal>) -> Option<ItemForm> {
        let kind = self.parsed(Field::Kind, |text| cell::one_of(text, &KINDS));
        let category = self.code(Field::Category);
        let commodity = self.code(Field::Commodity);
        let unit = self.code(Field::Unit);
        let unit_cost_usd = self.number(Field::UnitCostUsd);
        let description = self.text(Field::ItemDescription);
        let external_id = self.text(Field::ItemExternalId);
        let value = self.number(Field::ValueUsd);
        let numbers = [quantity, unit_cost_usd, value];
        let texts = [&category, &commodity, &unit, &description, &external_id];
        let says_nothing =
            kind.is_none() && numbers.iter().all(Option::is_none) && texts.iter().all(|text| text.is_none());
        if says_nothing && self.faults.is_empty() {
            return None;
        }
        let kind = self.needs(Field::Kind, kind);
        let quantity = self.needs(Field::Quantity, quantity);
        let item = ItemForm {
            external_id,
            kind: kind?,
            category,
            commodity,
            description,
            quantity: quantity?,
            unit,
            unit_cost_usd,
        };
        self.check(&item, value);
        Some(item)
    }

    fn check(&mut self, item: &ItemForm, value: Option<Decimal>) {
        let mut problems = Problems::default();
        let checked = item.check(self.reference, &Path::Root, &mut problems);
        self.tell(problems, true);
        let (Some(checked), Some(value)) = (checked, value) else {
            return;
        };
        let product = checked
            .unit_cost_e4
            .and_then(|cost| value_e7(checked.quantity_milli, cost))
            .map(|product| Decimal::new(product, VALUE_SCALE).normalize());
        match product {
            Some(product) if (product - value).abs() <= HALF_A_CENT => {}
            Some(product) => self.fault(
                Field::ValueUsd,
                format!("{value} USD is not the quantity times the unit cost, {product} USD"),
            ),
            None => self.fault(Field::ValueUsd, "a value needs a unit cost"),
        }
    }

    fn tell(&mut self, problems: Problems, of_item: bool) {
        for Problem { message, path, .. } in problems.0 {
            match Field::of_path(&path, of_item) {
                Some(field) => {
                    let said = self.bound.text(field, self.record).ok().flatten();
                    let is_told = |said: &String| message.split(' ').any(|word| word.trim_end_matches('.') == said);
                    let said = said.filter(|said| said.chars().count() <= SHOWN && !is_told(said));
                    let said = said.map(|said| format!(" Here: {said}")).unwrap_or_default();
                    self.fault(field, format!("{message}{said}"));
                }
                None => self.faults.push(Fault::whole(message)),
            }
        }
    }
}
