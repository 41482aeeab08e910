//! The files of reference data: read into rows, every column checked, so that a mistake in a file is found at its
//! line and column, and never half a file comes in.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::enums::{IncomeGroup, NamStatus, NeedDomain};
use entity::{commodity, country, need_category, organization, unit};
use rust_decimal::Decimal;

use crate::domain::assistance_request::USD;
use crate::domain::number::{MAX_UNIT_COST_E4, UNIT_COST_SCALE, to_fixed};
use crate::domain::reference::Rows;
use crate::error::Error;
use crate::store::reference::kept::Keeping;
use crate::store::reference::table::{Line, lines};

/// The files, as texts with a line of column names first.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// Countries.
    pub countries: &'a str,
    /// Categories of needs, each after its parent.
    pub need_categories: &'a str,
    /// Commodities, and the units they are counted in.
    pub commodities: &'a str,
    /// Organizations.
    pub organizations: &'a str,
}

impl Files<'static> {
    /// The files that are part of the program.
    pub const BUNDLED: Self = Self {
        countries: include_str!("../../../data/reference/countries.csv"),
        need_categories: include_str!("../../../data/reference/need_categories.csv"),
        commodities: include_str!("../../../data/reference/commodities.csv"),
        organizations: include_str!("../../../data/reference/organizations.csv"),
    };
}

impl Files<'_> {
    /// The rows of the files, as they are inserted at `now`.
    ///
    /// # Errors
    /// `INTERNAL` with file, line and column of what is malformed, stands twice, or names what stands nowhere.
    pub fn rows(&self, now: DateTime<Utc>) -> Result<Rows, Error> {
        let new = Keeping::of_file(now);
        let mut seen = HashSet::new();
        let countries = lines("countries.csv", self.countries, |line| country(line, &mut seen, new))?;
        let mut domains = HashMap::new();
        let categories = lines("need_categories.csv", self.need_categories, |line| {
            category(line, &mut domains, new)
        })?;
        let mut units = vec![us_dollar()];
        let mut seen_commodities = HashSet::new();
        let commodities = lines("commodities.csv", self.commodities, |line| {
            let unit_code = unit_of(line, &mut units)?;
            commodity(line, &mut seen_commodities, &domains, unit_code, new)
        })?;
        let mut seen_organizations = HashSet::new();
        let organizations = lines("organizations.csv", self.organizations, |line| {
            organization(line, &mut seen_organizations, &seen, new)
        })?;
        Ok(Rows {
            countries,
            categories,
            units,
            commodities,
            organizations,
        })
    }
}

/// Codes of all three kinds share one set: their forms differ.
fn country(line: &Line<'_>, seen: &mut HashSet<String>, new: Keeping) -> Result<country::Model, Error> {
    let row = country::Model {
        code: line.key("iso3", seen)?,
        iso2: line.key("iso2", seen)?,
        m49: line.key("m49", seen)?,
        name: line.text("name")?,
        name_fr: line.optional("name_fr")?,
        name_es: line.optional("name_es")?,
        name_ar: line.optional("name_ar")?,
        official_name: line.optional("official_name")?,
        capital: line.optional("capital")?,
        un_region: line.optional("un_region")?,
        un_subregion: line.optional("un_subregion")?,
        who_region: line.choice("who_region")?,
        income_group: income_group(line)?,
        population: line.parsed("population")?,
        population_year: line.parsed("population_year")?,
        latitude: line.parsed("latitude")?,
        longitude: line.parsed("longitude")?,
        currency: line.optional("currency")?,
        nam_status: line.needed("nam_status", line.choice("nam_status")?)?,
        nam_status_2020: nam_status_2020(line)?,
        nam_joined_year: line.parsed("nam_joined_year")?,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    };
    Ok(row)
}

/// The World Bank's short forms; INX is what it does not classify.
fn income_group(line: &Line<'_>) -> Result<Option<IncomeGroup>, Error> {
    let column = "income_group";
    match line.optional(column)?.as_deref() {
        None | Some("INX") => Ok(None),
        Some("LIC") => Ok(Some(IncomeGroup::Low)),
        Some("LMC") => Ok(Some(IncomeGroup::LowerMiddle)),
        Some("UMC") => Ok(Some(IncomeGroup::UpperMiddle)),
        Some("HIC") => Ok(Some(IncomeGroup::High)),
        Some(other) => Err(line.wrong(column, format!("{other} is no income group"))),
    }
}

fn nam_status_2020(line: &Line<'_>) -> Result<NamStatus, Error> {
    let (member, observer) = ("nam_member_2020", "nam_observer_2020");
    let is_member = line.needed(member, line.parsed(member)?)?;
    let is_observer = line.needed(observer, line.parsed(observer)?)?;
    match (is_member, is_observer) {
        (true, true) => Err(line.wrong(observer, "a member is no observer")),
        (true, false) => Ok(NamStatus::Member),
        (false, true) => Ok(NamStatus::Observer),
        (false, false) => Ok(NamStatus::None),
    }
}

/// `domains` has the codes that stand above this line, each with its domain.
fn category(
    line: &Line<'_>,
    domains: &mut HashMap<String, NeedDomain>,
    new: Keeping,
) -> Result<need_category::Model, Error> {
    let code = line.text("code")?;
    let domain = line.needed("domain", line.choice("domain")?)?;
    let parent_code = line.known("parent_code", |parent| domains.contains_key(parent))?;
    let of_parent = parent_code.as_ref().and_then(|parent| domains.get(parent));
    if of_parent.is_some_and(|of_parent| *of_parent != domain) {
        return Err(line.wrong("domain", "not the parent's"));
    }
    if domains.insert(code.clone(), domain).is_some() {
        return Err(line.wrong("code", format!("{code} stands twice")));
    }
    Ok(need_category::Model {
        code,
        parent_code,
        domain,
        name: line.text("name")?,
        name_fr: None,
        name_es: None,
        name_ar: None,
        description: line.optional("description")?,
        iasc_sector: line.optional("iasc_sector")?,
        who_pillar: line.parsed("who_pillar")?,
        sort_order: line.needed("sort_order", line.parsed("sort_order")?)?,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    })
}

/// The unit of FUNDING, which no commodity has. Currencies have no code of UNECE Recommendation 20.
fn us_dollar() -> unit::Model {
    unit_model(USD.into(), None, "US dollar".into())
}

const fn unit_model(code: String, unece: Option<String>, label: String) -> unit::Model {
    unit::Model {
        code,
        unece,
        label,
        label_fr: None,
        label_es: None,
        label_ar: None,
    }
}

/// The code of a commodity's unit, which joins `units` where it is not among them: one code is always one unit.
fn unit_of(line: &Line<'_>, units: &mut Vec<unit::Model>) -> Result<String, Error> {
    let code = line.text("unit_code")?;
    let unit = unit_model(code.clone(), line.optional("unece_unit")?, line.text("unit_label")?);
    match units.iter().find(|known| known.code == code) {
        Some(known) if *known != unit => Err(line.wrong("unit_code", format!("{code} is another unit elsewhere"))),
        Some(_) => Ok(code),
        None => {
            units.push(unit);
            Ok(code)
        }
    }
}

fn commodity(
    line: &Line<'_>,
    seen: &mut HashSet<String>,
    categories: &HashMap<String, NeedDomain>,
    unit_code: String,
    new: Keeping,
) -> Result<commodity::Model, Error> {
    let category_code = line.known("category_code", |code| categories.contains_key(code))?;
    Ok(commodity::Model {
        code: line.key("code", seen)?,
        category_code: line.needed("category_code", category_code)?,
        name: line.text("name")?,
        name_fr: None,
        name_es: None,
        name_ar: None,
        specification: line.optional("specification")?,
        unit_code,
        unspsc: line.optional("unspsc")?,
        who_reference: line.optional("who_dcp_ref")?,
        indicative_unit_price_e4: price_e4(line)?,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    })
}

fn price_e4(line: &Line<'_>) -> Result<Option<i64>, Error> {
    let column = "indicative_unit_price_usd";
    let price: Option<Decimal> = line.parsed(column)?;
    price
        .map(|price| {
            to_fixed(price, UNIT_COST_SCALE, 0, MAX_UNIT_COST_E4)
                .map_err(|why| line.wrong(column, format!("{price} is no price: {why:?}")))
        })
        .transpose()
}

fn organization(
    line: &Line<'_>,
    seen: &mut HashSet<String>,
    countries: &HashSet<String>,
    new: Keeping,
) -> Result<organization::Model, Error> {
    // Alpha-3 alone: the set has the other codes too.
    let is_known =
        |code: &str| code.bytes().all(|byte| byte.is_ascii_uppercase()) && code.len() == 3 && countries.contains(code);
    let row = organization::Model {
        code: line.key("code", seen)?,
        name: line.text("name")?,
        kind: line.needed("kind", line.choice("kind")?)?,
        country_code: line.known("country_iso3", is_known)?,
        url: line.optional("url")?,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    };
    Ok(row)
}

#[cfg(test)]
mod tests;
