//! Commodities: the transactions that write one. Reads are the snapshot's.

use std::sync::Arc;

use entity::commodity::Model;
use futures_util::FutureExt;

use crate::domain::commodity::{CommodityForm, CommodityKey};
use crate::domain::problem::Problems;
use crate::store::reference::{Keeping, at_version, insert, save, write};
use crate::store::{Author, Outcome, Store};

/// Creates a commodity. Gives its code.
///
/// # Errors
/// Everything that is wrong with key and form, DUPLICATE for a taken code; `FORBIDDEN` for all but administrators.
pub async fn create(
    store: &Store,
    author: impl Into<Author>,
    key: CommodityKey,
    form: CommodityForm,
) -> Outcome<String> {
    let entered = Arc::new((key, form));
    write(store, author, move |w, reference| {
        let entered = Arc::clone(&entered);
        async move {
            let (key, form) = &*entered;
            let mut problems = Problems::default();
            let key = key.check(reference, &mut problems);
            let mut row = blank(Keeping::of_administrator(w.now));
            form.apply(&mut row, reference, &mut problems);
            let CommodityKey { code, unit } = problems.or_else(key)?;
            let row = Model {
                code: code.clone(),
                unit_code: unit,
                ..row
            };
            insert(w, row).await?;
            Ok(code)
        }
        .boxed()
    })
    .await
}

/// Changes or retires a commodity. A form that changes nothing succeeds and leaves the version. Gives its code.
///
/// # Errors
/// NOT_FOUND, STALE_VERSION, everything that is wrong with the form; `FORBIDDEN` for all but administrators.
pub async fn update(
    store: &Store,
    author: impl Into<Author>,
    code: Option<String>,
    version: i32,
    form: CommodityForm,
) -> Outcome<String> {
    let entered = Arc::new((code, form));
    write(store, author, move |w, reference| {
        let entered = Arc::clone(&entered);
        async move {
            let (code, form) = &*entered;
            let before = at_version("commodity", &reference.commodities, code.as_deref(), version)?;
            let mut row = before.clone();
            let mut problems = Problems::default();
            form.apply(&mut row, reference, &mut problems);
            problems.or_else(Some(()))?;
            save(w, &before, row).await?;
            Ok(before.code)
        }
        .boxed()
    })
    .await
}

/// A row that nothing was entered in.
const fn blank(new: Keeping) -> Model {
    Model {
        code: String::new(),
        category_code: String::new(),
        name: String::new(),
        name_fr: None,
        name_es: None,
        name_ar: None,
        specification: None,
        unit_code: String::new(),
        unspsc: None,
        who_reference: None,
        indicative_unit_price_e4: None,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    }
}
