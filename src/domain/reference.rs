//! The reference data as one immutable snapshot in memory: countries, categories, units, commodities, organizations.
//! Small, and read by every query, so nested ones cost no SQL.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use entity::enums::Locale;
use entity::{commodity, country, need_category, organization, unit};
use indexmap::IndexMap;

use crate::domain::filter::{CategoryField, CommodityField, CountryField, Filter, OrganizationField};
use crate::domain::search::Known;
use crate::domain::text::fold;

/// A row with its names folded once, for order and matching.
#[derive(Debug)]
pub struct Named<M> {
    /// The row itself.
    pub row: M,
    /// Its code: the order of codes. Shared, as is the next, because every list takes them.
    pub code_key: Arc<str>,
    /// The English name, folded: the order of names.
    pub name_key: Arc<str>,
}

/// Rows by code, in the order of codes.
pub type ByCode<M> = IndexMap<String, Arc<Named<M>>>;

/// Everything, as it was at one moment.
#[derive(Debug, Default)]
pub struct Reference {
    /// States by alpha-3 code.
    pub countries: ByCode<country::Model>,
    /// Categories by code.
    pub categories: ByCode<need_category::Model>,
    /// Units by code.
    pub units: IndexMap<String, Arc<unit::Model>>,
    /// Commodities by code.
    pub commodities: ByCode<commodity::Model>,
    /// Organizations by code.
    pub organizations: ByCode<organization::Model>,
    aliases: HashMap<String, String>,
    children: HashMap<String, Vec<String>>,
    searchable: OnceLock<Known>,
    folded: OnceLock<HashMap<String, Box<str>>>,
}

/// The rows a snapshot is made of.
#[derive(Debug, Default)]
pub struct Rows {
    /// States.
    pub countries: Vec<country::Model>,
    /// Categories.
    pub categories: Vec<need_category::Model>,
    /// Units.
    pub units: Vec<unit::Model>,
    /// Commodities.
    pub commodities: Vec<commodity::Model>,
    /// Organizations.
    pub organizations: Vec<organization::Model>,
}

/// The names of a row in every language.
macro_rules! names {
    ($row:expr) => {
        [
            Some(&*$row.name),
            $row.name_fr.as_deref(),
            $row.name_es.as_deref(),
            $row.name_ar.as_deref(),
        ]
        .into_iter()
        .flatten()
    };
}
pub(in crate::domain) use names;

fn by_code<M>(rows: Vec<M>, code: impl Fn(&M) -> &str, name: impl Fn(&M) -> &str) -> ByCode<M> {
    let mut map: ByCode<M> = rows
        .into_iter()
        .map(|row| {
            (
                code(&row).to_owned(),
                Arc::new(Named {
                    code_key: code(&row).into(),
                    name_key: fold(name(&row)).into(),
                    row,
                }),
            )
        })
        .collect();
    map.sort_unstable_keys();
    map
}

impl Reference {
    /// The snapshot of these rows.
    pub fn new(rows: Rows) -> Self {
        let Rows {
            countries,
            categories,
            units,
            commodities,
            organizations,
        } = rows;
        let aliases = countries
            .iter()
            .flat_map(|row| {
                [
                    (row.iso2.clone(), row.code.clone()),
                    (row.m49.clone(), row.code.clone()),
                ]
            })
            .collect();
        let mut ordered: Vec<&need_category::Model> = categories.iter().collect();
        ordered.sort_by_key(|row| (row.sort_order, row.code.clone()));
        let mut children: HashMap<String, Vec<String>> = HashMap::new();
        for row in ordered {
            if let Some(parent) = &row.parent_code {
                children.entry(parent.clone()).or_default().push(row.code.clone());
            }
        }
        let mut units: IndexMap<_, _> = units.into_iter().map(|row| (row.code.clone(), Arc::new(row))).collect();
        units.sort_unstable_keys();
        Self {
            countries: by_code(countries, |row| &row.code, |row| &row.name),
            categories: by_code(categories, |row| &row.code, |row| &row.name),
            units,
            commodities: by_code(commodities, |row| &row.code, |row| &row.name),
            organizations: by_code(organizations, |row| &row.code, |row| &row.name),
            aliases,
            children,
            searchable: OnceLock::new(),
            folded: OnceLock::new(),
        }
    }

    /// What is active, by its words: made when it is searched for the first time.
    pub fn searchable(&self) -> &Known {
        self.searchable.get_or_init(|| Known::new(self))
    }

    /// A text as it is matched: each that stands in these rows is folded once, when one is asked for the first time.
    fn folded<'a>(&'a self, text: &'a str) -> Cow<'a, str> {
        let all = self.folded.get_or_init(|| {
            let countries = self.countries.values().map(|one| &one.row);
            let categories = self.categories.values().map(|one| &one.row);
            let commodities = self.commodities.values().map(|one| &one.row);
            let organizations = self.organizations.values().map(|one| &one.row);
            let regions = |row: &'a country::Model| [row.un_region.as_deref(), row.un_subregion.as_deref()];
            let of_countries = countries.flat_map(|row| names!(row).chain(regions(row).into_iter().flatten()));
            let of_categories =
                categories.flat_map(|row| names!(row).chain([&*row.code]).chain(row.iasc_sector.as_deref()));
            let of_commodities = commodities.flat_map(|row| names!(row).chain([&*row.code]));
            let of_organizations = organizations.flat_map(|row| [&*row.code, &*row.name]);
            let all = of_countries
                .chain(of_categories)
                .chain(of_commodities)
                .chain(of_organizations);
            all.map(|text| (text.to_owned(), fold(text).into())).collect()
        });
        match all.get(text) {
            Some(folded) => Cow::Borrowed(folded),
            None => Cow::Owned(fold(text)),
        }
    }

    /// The country of an alpha-3, alpha-2 or M49 code.
    pub fn country(&self, code: &str) -> Option<&Arc<Named<country::Model>>> {
        self.countries
            .get(code)
            .or_else(|| self.countries.get(self.aliases.get(code)?))
    }

    /// The categories directly below `code`, retired ones too, in sort order.
    pub fn children(&self, code: &str) -> impl Iterator<Item = &Arc<Named<need_category::Model>>> {
        self.children
            .get(code)
            .into_iter()
            .flatten()
            .filter_map(|child| self.categories.get(child))
    }

    /// The categories above `code`, root first.
    pub fn ancestors(&self, code: &str) -> Vec<&Arc<Named<need_category::Model>>> {
        let mut above = Vec::new();
        let mut next = self.categories.get(code).and_then(|row| row.row.parent_code.as_deref());
        // The bound only matters if a circle ever got past the rule that forbids it.
        while let Some(row) = next.and_then(|code| self.categories.get(code))
            && above.len() <= self.categories.len()
        {
            next = row.row.parent_code.as_deref();
            above.push(row);
        }
        above.reverse();
        above
    }

    /// Whether `code` is `top` or stands below it.
    pub fn is_under(&self, code: &str, top: &str) -> bool {
        code == top || self.ancestors(code).iter().any(|above| above.row.code == top)
    }

    /// Whether a country passes. Tests on its requests must have been resolved into codes before.
    pub fn country_holds<'a>(&'a self, row: &'a country::Model, filter: &Filter<CountryField>) -> bool {
        let folded = &|text| self.folded(text);
        filter.holds(&mut |field| match field {
            CountryField::Code(test) => test.holds(Some(&row.code)),
            CountryField::Name(test) => test.holds_any(names!(row), folded),
            CountryField::WhoRegion(test) => test.holds(row.who_region.as_ref()),
            CountryField::UnRegion(test) => test.holds(row.un_region.as_deref(), folded),
            CountryField::UnSubregion(test) => test.holds(row.un_subregion.as_deref(), folded),
            CountryField::IncomeGroup(test) => test.holds(row.income_group.as_ref()),
            CountryField::NamStatus(test) => test.holds(Some(&row.nam_status)),
            CountryField::Population(test) => test.holds(row.population.as_ref()),
            CountryField::AssistanceRequests(_) => false,
        })
    }

    /// Whether a category passes.
    pub fn category_holds<'a>(&'a self, row: &'a need_category::Model, filter: &Filter<CategoryField>) -> bool {
        let folded = &|text| self.folded(text);
        filter.holds(&mut |field| match field {
            CategoryField::Code(test) => test.holds(Some(&row.code), folded),
            CategoryField::Under(top) => self.is_under(&row.code, top),
            CategoryField::Name(test) => test.holds_any(names!(row), folded),
            CategoryField::Domain(test) => test.holds(Some(&row.domain)),
            CategoryField::IascSector(test) => test.holds(row.iasc_sector.as_deref(), folded),
            CategoryField::Parent(parent) => row.parent_code.as_ref() == Some(parent),
            CategoryField::IsRoot(root) => row.parent_code.is_none() == *root,
            CategoryField::Active(active) => row.active == *active,
        })
    }

    /// Whether a commodity passes.
    pub fn commodity_holds<'a>(&'a self, row: &'a commodity::Model, filter: &Filter<CommodityField>) -> bool {
        let folded = &|text| self.folded(text);
        filter.holds(&mut |field| match field {
            CommodityField::Code(test) => test.holds(Some(&row.code), folded),
            CommodityField::Name(test) => test.holds_any(names!(row), folded),
            CommodityField::Category(filter) => self
                .categories
                .get(&row.category_code)
                .is_some_and(|category| self.category_holds(&category.row, filter)),
            CommodityField::Active(active) => row.active == *active,
        })
    }

    /// Whether an organization passes. Tests on requests must have been resolved into codes before.
    pub fn organization_holds<'a>(&'a self, row: &'a organization::Model, filter: &Filter<OrganizationField>) -> bool {
        let folded = &|text| self.folded(text);
        filter.holds(&mut |field| match field {
            OrganizationField::Code(test) => test.holds(Some(&row.code), folded),
            OrganizationField::Name(test) => test.holds(Some(&row.name), folded),
            OrganizationField::Kind(test) => test.holds(Some(&row.kind)),
            OrganizationField::Country(filter) => row
                .country_code
                .as_ref()
                .and_then(|code| self.countries.get(code))
                .is_some_and(|country| self.country_holds(&country.row, filter)),
            OrganizationField::Active(active) => row.active == *active,
        })
    }

    /// Codes of the countries that pass.
    pub fn country_codes(&self, filter: &Filter<CountryField>) -> Vec<String> {
        self.countries
            .values()
            .filter(|one| self.country_holds(&one.row, filter))
            .map(|one| one.row.code.clone())
            .collect()
    }

    /// Codes of the categories that pass.
    pub fn category_codes(&self, filter: &Filter<CategoryField>) -> Vec<String> {
        self.categories
            .values()
            .filter(|one| self.category_holds(&one.row, filter))
            .map(|one| one.row.code.clone())
            .collect()
    }

    /// Codes of the commodities that pass.
    pub fn commodity_codes(&self, filter: &Filter<CommodityField>) -> Vec<String> {
        self.commodities
            .values()
            .filter(|one| self.commodity_holds(&one.row, filter))
            .map(|one| one.row.code.clone())
            .collect()
    }

    /// Codes of the organizations that pass.
    pub fn organization_codes(&self, filter: &Filter<OrganizationField>) -> Vec<String> {
        self.organizations
            .values()
            .filter(|one| self.organization_holds(&one.row, filter))
            .map(|one| one.row.code.clone())
            .collect()
    }

    /// `code` and every category below it.
    pub fn descendants(&self, code: &str) -> HashSet<String> {
        self.categories
            .keys()
            .filter(|below| self.is_under(below, code))
            .cloned()
            .collect()
    }
}

/// The name in a language, or the English one where there is none.
pub fn localized<'a>(
    locale: Locale,
    english: &'a str,
    french: Option<&'a str>,
    spanish: Option<&'a str>,
    arabic: Option<&'a str>,
) -> &'a str {
    match locale {
        Locale::En => Some(english),
        Locale::Fr => french,
        Locale::Es => spanish,
        Locale::Ar => arabic,
    }
    .unwrap_or(english)
}

#[cfg(test)]
mod tests;
