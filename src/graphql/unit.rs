//! Units of measure.

use std::sync::Arc;

use async_graphql::{Context, Object};
use entity::enums::Locale;
use entity::unit::Model;
use macros::leaves;

use crate::domain::reference::localized;
use crate::graphql::context::request;
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::written::Rows;

/// Root fields of units.
#[derive(Default)]
pub struct UnitQuery;

/// A unit of measure.
#[derive(Clone)]
pub struct Unit(pub Arc<Model>);

/// A unit in which quantities are counted.
#[leaves]
#[Object]
impl Unit {
    /// Our own code, unique: "PIECE", "PERSON_MONTH", "USD".
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// UNECE Recommendation 20 or 21 code, where there is one. Unlike units can share it.
    async fn unece(&self) -> Option<&String> {
        self.0.unece.as_ref()
    }

    /// Label; the English one where there is none in that language.
    async fn label(&self, #[graphql(desc = "In which language.", default_with = "Locale::En")] locale: Locale) -> &str {
        let row = &self.0;
        localized(
            locale,
            &row.label,
            row.label_fr.as_deref(),
            row.label_es.as_deref(),
            row.label_ar.as_deref(),
        )
    }
}

fn all(ctx: &Context<'_>) -> Fallible<Vec<Unit>> {
    let reference = request(ctx)?.store.reference();
    Ok(reference.units.values().map(|unit| Unit(Arc::clone(unit))).collect())
}

#[Object]
impl UnitQuery {
    /// Every unit in which quantities are counted, by code: a few dozen.
    async fn units(&self, ctx: &Context<'_>) -> Nullable<Rows<'static, Unit>> {
        Some(all(ctx).map(Rows::from))
    }
}
