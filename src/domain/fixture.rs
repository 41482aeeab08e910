//! For the tests of this room: somebody who acts, and a small snapshot of reference data: two countries, a tree of
//! categories, a commodity.

use chrono::DateTime;
use entity::enums::{NamStatus, NeedDomain, OrganizationKind, Role};
use entity::{commodity, country, need_category, organization, unit};

use crate::domain::actor::Actor;
use crate::domain::problem::{ProblemCode, Problems};
use crate::domain::reference::{Reference, Rows};

/// Somebody with these roles, who speaks for BGD and for WHO.
pub(crate) fn actor(roles: &[Role]) -> Actor {
    Actor {
        roles: roles.to_vec(),
        country: Some("BGD".into()),
        organization: Some("WHO".into()),
        ..Actor::system()
    }
}

pub(crate) fn country(code: &str, iso2: &str, m49: &str, active: bool) -> country::Model {
    country::Model {
        code: code.into(),
        iso2: iso2.into(),
        m49: m49.into(),
        name: format!("Name of {code}"),
        name_fr: Some(format!("Nom de {code}")),
        name_es: None,
        name_ar: None,
        official_name: Some("Formal name".into()),
        capital: None,
        un_region: None,
        un_subregion: None,
        who_region: None,
        income_group: None,
        population: Some(7),
        population_year: Some(2024),
        latitude: None,
        longitude: None,
        currency: Some("BDT".into()),
        nam_status: NamStatus::Member,
        nam_status_2020: NamStatus::Member,
        nam_joined_year: Some(1973),
        active,
        edited: false,
        from_file: true,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

pub(crate) fn category(code: &str, parent: Option<&str>, domain: NeedDomain, active: bool) -> need_category::Model {
    need_category::Model {
        code: code.into(),
        parent_code: parent.map(Into::into),
        domain,
        name: format!("Name of {code}"),
        name_fr: None,
        name_es: None,
        name_ar: None,
        description: None,
        iasc_sector: None,
        who_pillar: None,
        sort_order: 10,
        active,
        edited: false,
        from_file: true,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

pub(crate) fn commodity(code: &str, category: &str, active: bool) -> commodity::Model {
    commodity::Model {
        code: code.into(),
        category_code: category.into(),
        name: format!("Name of {code}"),
        name_fr: None,
        name_es: None,
        name_ar: None,
        specification: None,
        unit_code: "PIECE".into(),
        unspsc: None,
        who_reference: None,
        indicative_unit_price_e4: Some(5_000),
        active,
        edited: false,
        from_file: true,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

pub(crate) fn organization(code: &str, country: Option<&str>) -> organization::Model {
    organization::Model {
        code: code.into(),
        name: format!("Name of {code}"),
        kind: OrganizationKind::UnAgency,
        country_code: country.map(Into::into),
        url: None,
        active: true,
        edited: false,
        from_file: true,
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

/// BGD, and OLD that is retired. MED over PPE over MASK, GONE that is retired with LOST below it; SOC apart. GLOVES in
/// PPE. WHO.
pub(crate) fn reference() -> Reference {
    use NeedDomain::{Medical, Social};
    Reference::new(Rows {
        countries: vec![country("BGD", "BD", "050", true), country("OLD", "OL", "999", false)],
        categories: vec![
            category("MED", None, Medical, true),
            category("PPE", Some("MED"), Medical, true),
            category("MASK", Some("PPE"), Medical, true),
            category("GONE", Some("MED"), Medical, false),
            category("LOST", Some("GONE"), Medical, false),
            category("SOC", None, Social, true),
        ],
        units: vec![unit::Model {
            code: "PIECE".into(),
            unece: Some("H87".into()),
            label: "piece".into(),
            label_fr: None,
            label_es: None,
            label_ar: None,
        }],
        commodities: vec![commodity("GLOVES", "PPE", true), commodity("DUST", "GONE", false)],
        organizations: vec![organization("WHO", None)],
    })
}

/// What is wrong, as path and code.
pub(crate) fn wrong(problems: Problems) -> Vec<(String, ProblemCode)> {
    let problems = problems.0.into_iter();
    problems.map(|problem| (problem.path.join("."), problem.code)).collect()
}
