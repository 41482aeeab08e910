//! The reference data as one immutable snapshot in memory: countries, categories, units, commodities, organizations.
//! Small, and read by every query, so nested ones cost no SQL.

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
        }
    }

    /// What is active, by its words: made when it is searched for the first time.
    pub fn searchable(&self) -> &Known {
        self.searchable.get_or_init(|| Known::new(self))
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
    pub fn country_holds(&self, row: &country::Model, filter: &Filter<CountryField>) -> bool {
        filter.holds(&mut |field| match field {
            CountryField::Code(test) => test.holds(Some(&row.code)),
            CountryField::Name(test) => test.holds_any(
                [
                    Some(&row.name),
                    row.name_fr.as_ref(),
                    row.name_es.as_ref(),
                    row.name_ar.as_ref(),
                ]
                .into_iter()
                .flatten()
                .map(String::as_str),
            ),
            CountryField::WhoRegion(test) => test.holds(row.who_region.as_ref()),
            CountryField::UnRegion(test) => test.holds(row.un_region.as_deref()),
            CountryField::UnSubregion(test) => test.holds(row.un_subregion.as_deref()),
            CountryField::IncomeGroup(test) => test.holds(row.income_group.as_ref()),
            CountryField::NamStatus(test) => test.holds(Some(&row.nam_status)),
            CountryField::Population(test) => test.holds(row.population.as_ref()),
            CountryField::AssistanceRequests(_) => false,
        })
    }

    /// Whether a category passes.
    pub fn category_holds(&self, row: &need_category::Model, filter: &Filter<CategoryField>) -> bool {
        filter.holds(&mut |field| match field {
            CategoryField::Code(test) => test.holds(Some(&row.code)),
            CategoryField::Under(top) => self.is_under(&row.code, top),
            CategoryField::Name(test) => test.holds_any(
                [
                    Some(&row.name),
                    row.name_fr.as_ref(),
                    row.name_es.as_ref(),
                    row.name_ar.as_ref(),
                ]
                .into_iter()
                .flatten()
                .map(String::as_str),
            ),
            CategoryField::Domain(test) => test.holds(Some(&row.domain)),
            CategoryField::IascSector(test) => test.holds(row.iasc_sector.as_deref()),
            CategoryField::Parent(parent) => row.parent_code.as_ref() == Some(parent),
            CategoryField::IsRoot(root) => row.parent_code.is_none() == *root,
            CategoryField::Active(active) => row.active == *active,
        })
    }

    /// Whether a commodity passes.
    pub fn commodity_holds(&self, row: &commodity::Model, filter: &Filter<CommodityField>) -> bool {
        filter.holds(&mut |field| match field {
            CommodityField::Code(test) => test.holds(Some(&row.code)),
            CommodityField::Name(test) => test.holds_any(
                [
                    Some(&row.name),
                    row.name_fr.as_ref(),
                    row.name_es.as_ref(),
                    row.name_ar.as_ref(),
                ]
                .into_iter()
                .flatten()
                .map(String::as_str),
            ),
            CommodityField::Category(filter) => self
                .categories
                .get(&row.category_code)
                .is_some_and(|category| self.category_holds(&category.row, filter)),
            CommodityField::Active(active) => row.active == *active,
        })
    }

    /// Whether an organization passes. Tests on requests must have been resolved into codes before.
    pub fn organization_holds(&self, row: &organization::Model, filter: &Filter<OrganizationField>) -> bool {
        filter.holds(&mut |field| match field {
            OrganizationField::Code(test) => test.holds(Some(&row.code)),
            OrganizationField::Name(test) => test.holds(Some(&row.name)),
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
