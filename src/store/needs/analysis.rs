//! Totals by any dimensions. What countries and categories have in common is known in memory: SQL groups by codes, or by
//! one code that stands for all that are alike, and the snapshot says what the code means.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::{IncomeGroup, ItemKind, NeedDomain, Priority, RequestStatus, WhoRegion};
use entity::{assistance_request as ar, request_item as ri};
use sea_orm::sea_query::{Expr, Func};
use sea_orm::{ActiveEnum, DbBackend};

use crate::domain::reference::Reference;
use crate::domain::totals::Totals;
use crate::error::Error;
use crate::store::needs::Asked;
use crate::store::needs::source::{GroupKey, Key, KeyKind, Source};
use crate::store::needs::summary::{Parts, answer};
use crate::store::page::{KeyValue, Page, Paging};
use crate::store::{Reader, fault, settled};

/// Groups of an analysis, at most: all of them are ordered in memory.
pub const MAX_GROUPS: u64 = 50_000;

/// What needs are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// The country that asks.
    Country,
    /// Its WHO region.
    WhoRegion,
    /// Its subregion by the UN's M49.
    UnSubregion,
    /// Its income group.
    IncomeGroup,
    /// The domain of the item's category.
    Domain,
    /// The item's category, or the one above it at a depth.
    Category,
    /// The item's commodity.
    Commodity,
    /// The item's kind.
    Kind,
    /// The request's urgency.
    Priority,
    /// The request's status.
    Status,
    /// The month in which the request was first verified, in UTC.
    Month,
}

/// What is analysed, within its rules.
#[derive(Clone, Debug)]
pub struct Analysis {
    by: BTreeSet<Dimension>,
    depth: Option<usize>,
    asked: Asked,
}

/// What groups can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderField {
    /// Value that a donor can still take.
    UncoveredValue,
    /// Value that is not yet in hands.
    UnmetValue,
    /// Value of what is requested.
    RequestedValue,
    /// Value of what was delivered.
    DeliveredValue,
    /// Share that is covered; groups without a price last.
    Coverage,
    /// Number of requests.
    RequestCount,
}

/// One order key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// By what.
    pub field: OrderField,
    /// Largest first.
    pub descending: bool,
}

/// One group. What it was not grouped by is none.
#[derive(Clone, Debug, Default)]
pub struct GroupRow {
    /// Code of the country.
    pub country: Option<String>,
    /// WHO region.
    pub who_region: Option<WhoRegion>,
    /// UN subregion.
    pub un_subregion: Option<String>,
    /// Income group.
    pub income_group: Option<IncomeGroup>,
    /// Domain.
    pub domain: Option<NeedDomain>,
    /// Code of the category.
    pub category: Option<String>,
    /// Code of the commodity.
    pub commodity: Option<String>,
    /// Kind.
    pub kind: Option<ItemKind>,
    /// Urgency.
    pub priority: Option<Priority>,
    /// Status.
    pub status: Option<RequestStatus>,
    /// First day of the month.
    pub month: Option<NaiveDate>,
    /// Its totals.
    pub totals: Totals,
    key: GroupKey,
}

/// The dimensions that a country tells.
const OF_COUNTRY: [Dimension; 4] = [
    Dimension::Country,
    Dimension::WhoRegion,
    Dimension::UnSubregion,
    Dimension::IncomeGroup,
];

/// The dimensions that a category tells.
const OF_CATEGORY: [Dimension; 2] = [Dimension::Domain, Dimension::Category];

impl Analysis {
    /// Checks what is asked; `now` is the present moment.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for no dimension, more than 4 or one twice; for a depth below 1 or without CATEGORY; for a
    /// moment in the future, and with one for filters of what is not remembered.
    pub fn new(by: &[Dimension], depth: Option<i32>, asked: Asked, now: DateTime<Utc>) -> Result<Self, Error> {
        let refuse = |message: String| Err(Error::BadUserInput(message));
        let distinct: BTreeSet<Dimension> = by.iter().copied().collect();
        if !(1..=4).contains(&by.len()) || distinct.len() != by.len() {
            return refuse("groupBy takes 1 to 4 dimensions, each once.".into());
        }
        if depth.is_some() && !distinct.contains(&Dimension::Category) {
            return refuse("categoryDepth cuts categories: give it with CATEGORY in groupBy.".into());
        }
        let depth = match depth.map(usize::try_from) {
            None => None,
            Some(Ok(depth)) if depth >= 1 => Some(depth),
            Some(_) => return refuse("categoryDepth is 1 for the roots, or more.".into()),
        };
        if let Some(moment) = asked.as_of {
            if moment > now {
                return refuse("asOf is in the future.".into());
            }
            if let Some(argument) = asked.requests.present_only().or(asked.items.present_only()) {
                return refuse(format!(
                    "{argument} tests what is not remembered: with asOf a filter may test country, category, commodity, kind, status, priority and peopleInNeed."
                ));
            }
        }
        Ok(Self {
            by: distinct,
            depth,
            asked,
        })
    }

    fn is_by(&self, dimension: Dimension) -> bool {
        self.by.contains(&dimension)
    }

    /// The keys of the groups, in the order in which `row` reads them.
    fn keys(&self, reader: &Reader, source: &mut Source) -> Vec<Key> {
        let mut keys = Vec::new();
        let mut add = |expr: Expr, kind: KeyKind| keys.push(Key { expr, kind });
        if OF_COUNTRY.iter().any(|one| self.is_by(*one)) {
            let country = source.request(ar::Column::CountryCode);
            add(
                match self.is_by(Dimension::Country) {
                    true => country,
                    false => source.map(reader, country, &self.alike_countries(reader.reference())),
                },
                KeyKind::Text,
            );
        }
        if OF_CATEGORY.iter().any(|one| self.is_by(*one)) {
            let category = source.item(ri::Column::CategoryCode);
            add(
                match self.is_by(Dimension::Category) && self.depth.is_none() {
                    true => category,
                    false => source.map(reader, category, &self.alike_categories(reader.reference())),
                },
                KeyKind::Text,
            );
        }
        if self.is_by(Dimension::Commodity) {
            add(source.item(ri::Column::CommodityCode), KeyKind::Text);
        }
        if self.is_by(Dimension::Kind) {
            add(source.item(ri::Column::Kind), KeyKind::Text);
        }
        if self.is_by(Dimension::Priority) {
            add(source.was(ar::Column::Priority), KeyKind::SmallInt);
        }
        if self.is_by(Dimension::Status) {
            add(source.was(ar::Column::Status), KeyKind::Text);
        }
        if self.is_by(Dimension::Month) {
            add(month(reader, source), KeyKind::Text);
        }
        keys
    }

    /// The same as parts that a summary can be asked for, if it can.
    fn parts(&self, reference: &Reference) -> Option<Parts> {
        let others = [Dimension::Commodity, Dimension::Kind, Dimension::Month];
        if others.iter().any(|other| self.is_by(*other)) {
            return None;
        }
        let own = |codes: &mut dyn Iterator<Item = &String>| codes.map(|code| (code.clone(), code.clone())).collect();
        let by_country = OF_COUNTRY.iter().any(|one| self.is_by(*one));
        let by_category = OF_CATEGORY.iter().any(|one| self.is_by(*one));
        Some(Parts {
            countries: by_country.then(|| match self.is_by(Dimension::Country) {
                true => own(&mut reference.countries.keys()),
                false => self.alike_countries(reference),
            }),
            categories: by_category.then(|| match self.is_by(Dimension::Category) && self.depth.is_none() {
                true => own(&mut reference.categories.keys()),
                false => self.alike_categories(reference),
            }),
            by_priority: self.is_by(Dimension::Priority),
            by_status: self.is_by(Dimension::Status),
        })
    }

    /// Each country with the first one that is like it in all that is grouped by.
    fn alike_countries(&self, reference: &Reference) -> Vec<(String, String)> {
        let mut first = HashMap::new();
        let countries = reference.countries.values().map(|named| &named.row);
        countries
            .map(|row| {
                let like = (
                    row.who_region.filter(|_| self.is_by(Dimension::WhoRegion)),
                    row.un_subregion.as_ref().filter(|_| self.is_by(Dimension::UnSubregion)),
                    row.income_group.filter(|_| self.is_by(Dimension::IncomeGroup)),
                );
                (first.entry(like).or_insert(&row.code).to_string(), row.code.clone())
            })
            .collect()
    }

    /// Each category with the one above it at the depth or, without CATEGORY, the first of its domain.
    fn alike_categories(&self, reference: &Reference) -> Vec<(String, String)> {
        let mut first = HashMap::new();
        let categories = reference.categories.values().map(|named| &named.row);
        categories
            .map(|row| {
                let alike = match self.is_by(Dimension::Category) {
                    true => self.cut(reference, &row.code),
                    false => first.entry(row.domain).or_insert(&row.code).to_string(),
                };
                (alike, row.code.clone())
            })
            .collect()
    }

    /// The category above `code` at the depth; itself where it is not so deep.
    fn cut(&self, reference: &Reference, code: &str) -> String {
        let above = reference.ancestors(code);
        let cut = self.depth.and_then(|depth| above.get(depth - 1));
        cut.map_or_else(|| code.to_owned(), |above| above.row.code.clone())
    }

    /// What a group's key means.
    fn row(&self, reference: &Reference, key: GroupKey, totals: Totals) -> Result<GroupRow, sea_orm::DbErr> {
        let mut row = GroupRow {
            totals,
            ..GroupRow::default()
        };
        let mut parts = key.iter();
        let mut next = || parts.next().cloned().flatten();
        if OF_COUNTRY.iter().any(|one| self.is_by(*one)) {
            let country = next().and_then(|code| reference.countries.get(&code));
            if let Some(country) = country.map(|named| &named.row) {
                let is_by = |dimension| self.is_by(dimension);
                row.country = is_by(Dimension::Country).then(|| country.code.clone());
                row.who_region = country.who_region.filter(|_| is_by(Dimension::WhoRegion));
                row.un_subregion = country.un_subregion.clone().filter(|_| is_by(Dimension::UnSubregion));
                row.income_group = country.income_group.filter(|_| is_by(Dimension::IncomeGroup));
            }
        }
        if OF_CATEGORY.iter().any(|one| self.is_by(*one)) {
            let category = next().and_then(|code| reference.categories.get(&code));
            if let Some(category) = category.map(|named| &named.row) {
                row.domain = self.is_by(Dimension::Domain).then_some(category.domain);
                row.category = self.is_by(Dimension::Category).then(|| category.code.clone());
            }
        }
        if self.is_by(Dimension::Commodity) {
            row.commodity = next();
        }
        if self.is_by(Dimension::Kind) {
            row.kind = next().map(|kind| ItemKind::try_from_value(&kind)).transpose()?;
        }
        if self.is_by(Dimension::Priority) {
            let level = next().and_then(|level| level.parse().ok());
            row.priority = level.map(|level| Priority::try_from_value(&level)).transpose()?;
        }
        if self.is_by(Dimension::Status) {
            row.status = next()
                .map(|status| RequestStatus::try_from_value(&status))
                .transpose()?;
        }
        if self.is_by(Dimension::Month) {
            row.month = next().and_then(|month| format!("{month}-01").parse().ok());
        }
        row.key = key;
        Ok(row)
    }
}

/// One page of the groups, and how many there are: two statements, one more for `quantities`, and one more for a moment that
/// was not known to be settled. Ties break on the group itself.
///
/// # Errors
/// The database's, and `BAD_USER_INPUT` for more than `MAX_GROUPS` groups.
pub async fn analysis(
    reader: &Reader,
    analysis: &Analysis,
    order: &[OrderBy],
    paging: &Paging,
    quantities: bool,
) -> Result<Page<GroupRow>, Error> {
    if let Some(moment) = analysis.asked.as_of {
        // Before anything is read: the snapshot must have all that began by then.
        settled::wait(reader.store(), moment).await?;
    }
    let asked = analysis.asked.resolved(reader).await?;
    let known = match analysis.parts(reader.reference()) {
        Some(parts) => answer(reader, &asked, &parts, quantities).await?,
        None => None,
    };
    let totals = match known {
        Some(totals) => totals,
        None => {
            let mut source = Source::new(reader, &asked);
            let keys = analysis.keys(reader, &mut source);
            source.totals(reader, &keys, quantities, MAX_GROUPS).await?
        }
    };
    let rows = totals
        .into_iter()
        .map(|(key, totals)| analysis.row(reader.reference(), key, totals))
        .collect::<Result<Vec<_>, _>>()
        .map_err(fault::error)?;
    let default = [OrderBy {
        field: OrderField::UncoveredValue,
        descending: true,
    }];
    let order = if order.is_empty() { &default } else { order };
    let descending: Vec<bool> = order.iter().map(|by| by.descending).collect();
    Ok(paging.of_memory(rows.into_iter(), &descending, |row, values| {
        let own = order.iter().map(|by| by.field.key(&row.totals));
        let ties = row.key.iter().map(|part| {
            part.as_deref()
                .map_or(KeyValue::Null, |part| KeyValue::Text(part.into()))
        });
        values.extend(own.chain(ties));
    }))
}

impl OrderField {
    fn key(self, totals: &Totals) -> KeyValue {
        // No sum is below 0; padded, their digits have their order, beyond 64 bits too.
        let digits = |sum: i128| KeyValue::Text(format!("{sum:040}").into());
        match self {
            Self::UncoveredValue => digits(totals.values.uncovered),
            Self::UnmetValue => digits(totals.values.unmet),
            Self::RequestedValue => digits(totals.values.requested),
            Self::DeliveredValue => digits(totals.values.delivered),
            Self::Coverage => totals.coverage_order().map_or(KeyValue::Null, KeyValue::Int),
            Self::RequestCount => digits(totals.requests),
        }
    }
}

/// The month in which the request was first verified, as "2020-05".
fn month(reader: &Reader, source: &Source) -> Expr {
    match reader.backend() {
        DbBackend::Postgres => Expr::cust(format!(
            "to_char(\"{}\".\"verified_at\" AT TIME ZONE 'UTC', 'YYYY-MM')",
            source.request
        )),
        // Times are texts in UTC there.
        _ => Func::cust("substr")
            .arg(source.request(ar::Column::VerifiedAt))
            .arg(Expr::cust("1"))
            .arg(Expr::cust("7"))
            .into(),
    }
}
