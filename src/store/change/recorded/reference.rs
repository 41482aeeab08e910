//! What the ledger records of reference data.

use entity::{commodity, country, need_category, organization, unit};

use crate::domain::change::Field;
use crate::store::change::recorded::{Place, Recorded, maybe_name_of, money, name_of, time};

/// Declares for each noun of reference data its GraphQL type and its fields. Its key is its code.
macro_rules! reference {
    ($($noun:ident as $type:literal: |$row:ident| [$($name:literal: $value:expr),* $(,)?];)*) => {$(
        impl Recorded for $noun::Model {
            const TYPE: &'static str = $type;

            fn key(&self) -> String {
                self.code.clone()
            }

            fn place(&self) -> Place {
                Place::Reference
            }

            fn fields(&self) -> Vec<Field> {
                let $row = self;
                vec![$(Field::new($name, $value)),*]
            }
        }
    )*};
}

reference! {
    country as "Country": |row| [
        "code": row.code.clone(),
        "iso2": row.iso2.clone(),
        "m49": row.m49.clone(),
        "name": row.name.clone(),
        "name.FR": row.name_fr.clone(),
        "name.ES": row.name_es.clone(),
        "name.AR": row.name_ar.clone(),
        "officialName": row.official_name.clone(),
        "capital": row.capital.clone(),
        "unRegion": row.un_region.clone(),
        "unSubregion": row.un_subregion.clone(),
        "whoRegion": maybe_name_of(row.who_region.as_ref()),
        "incomeGroup": maybe_name_of(row.income_group.as_ref()),
        "population": row.population,
        "populationYear": row.population_year,
        "latitude": row.latitude,
        "longitude": row.longitude,
        "currency": row.currency.clone(),
        "namStatus": name_of(&row.nam_status),
        "namStatus2020": name_of(&row.nam_status_2020),
        "namJoinedYear": row.nam_joined_year,
        "active": row.active,
        "version": row.version,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
    ];
    need_category as "NeedCategory": |row| [
        "code": row.code.clone(),
        "name": row.name.clone(),
        "name.FR": row.name_fr.clone(),
        "name.ES": row.name_es.clone(),
        "name.AR": row.name_ar.clone(),
        "description": row.description.clone(),
        "domain": name_of(&row.domain),
        "iascSector": row.iasc_sector.clone(),
        "whoPillar": row.who_pillar,
        "parent": row.parent_code.clone(),
        "active": row.active,
        "sortOrder": row.sort_order,
        "version": row.version,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
    ];
    commodity as "Commodity": |row| [
        "code": row.code.clone(),
        "name": row.name.clone(),
        "name.FR": row.name_fr.clone(),
        "name.ES": row.name_es.clone(),
        "name.AR": row.name_ar.clone(),
        "specification": row.specification.clone(),
        "category": row.category_code.clone(),
        "unit": row.unit_code.clone(),
        "unspsc": row.unspsc.clone(),
        "whoReference": row.who_reference.clone(),
        "indicativeUnitPriceUsd": money(row.indicative_unit_price_e4),
        "active": row.active,
        "version": row.version,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
    ];
    organization as "Organization": |row| [
        "code": row.code.clone(),
        "name": row.name.clone(),
        "kind": name_of(&row.kind),
        "country": row.country_code.clone(),
        "url": row.url.clone(),
        "active": row.active,
        "version": row.version,
        "createdAt": time(row.created_at),
        "updatedAt": time(row.updated_at),
    ];
    unit as "Unit": |row| [
        "code": row.code.clone(),
        "unece": row.unece.clone(),
        "label": row.label.clone(),
        "label.FR": row.label_fr.clone(),
        "label.ES": row.label_es.clone(),
        "label.AR": row.label_ar.clone(),
    ];
}
