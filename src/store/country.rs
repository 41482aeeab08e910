//! Countries: which pass a filter, and the transactions that write one.

use std::sync::Arc;

use entity::country::Model;
use entity::enums::NamStatus;
use futures_util::FutureExt;

use crate::domain::country::{CountryCodes, CountryForm, status_in_2020};
use crate::domain::filter::{CountryField, Filter};
use crate::domain::problem::Problems;
use crate::domain::reference::Named;
use crate::error::Error;
use crate::store::condition::resolve;
use crate::store::reference::{Keeping, at_version, insert, save, write};
use crate::store::{Author, Outcome, Reader, Store};

/// The countries that pass, by code. A test on their requests sees those that the reader may see.
///
/// # Errors
/// The database's, where the filter asks of requests.
pub async fn list(reader: &Reader, filter: &Filter<CountryField>) -> Result<Vec<Arc<Named<Model>>>, Error> {
    let filter = resolve::country(reader, filter).await?;
    let reference = reader.reference();
    let all = reference.countries.values();
    Ok(all
        .filter(|one| reference.country_holds(&one.row, &filter))
        .map(Arc::clone)
        .collect())
}

/// Creates a country. Gives its alpha-3 code.
///
/// # Errors
/// Everything that is wrong with codes and form, DUPLICATE for taken codes; `FORBIDDEN` for all but administrators.
pub async fn create(
    store: &Store,
    author: impl Into<Author>,
    codes: CountryCodes,
    form: CountryForm,
) -> Outcome<String> {
    let entered = Arc::new((codes, form));
    write(store, author, move |w, reference| {
        let entered = Arc::clone(&entered);
        async move {
            let (codes, form) = &*entered;
            let mut problems = Problems::default();
            let codes = codes.check(reference, &mut problems);
            let mut row = blank(Keeping::of_administrator(w.now));
            form.apply(&mut row, &mut problems);
            let CountryCodes { code, iso2, m49 } = problems.or_else(codes)?;
            let row = Model {
                nam_status_2020: status_in_2020(row.nam_status, row.nam_joined_year),
                code: code.clone(),
                iso2,
                m49,
                ..row
            };
            insert(w, row).await?;
            Ok(code)
        }
        .boxed()
    })
    .await
}

/// Changes a country. A form that changes nothing succeeds and leaves the version. Gives its alpha-3 code.
///
/// # Errors
/// NOT_FOUND, STALE_VERSION, everything that is wrong with the form; `FORBIDDEN` for all but administrators.
pub async fn update(
    store: &Store,
    author: impl Into<Author>,
    code: Option<String>,
    version: i32,
    form: CountryForm,
) -> Outcome<String> {
    let entered = Arc::new((code, form));
    write(store, author, move |w, reference| {
        let entered = Arc::clone(&entered);
        async move {
            let (code, form) = &*entered;
            let before = at_version("country", &reference.countries, code.as_deref(), version)?;
            let mut row = before.clone();
            let mut problems = Problems::default();
            form.apply(&mut row, &mut problems);
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
        iso2: String::new(),
        m49: String::new(),
        name: String::new(),
        name_fr: None,
        name_es: None,
        name_ar: None,
        official_name: None,
        capital: None,
        un_region: None,
        un_subregion: None,
        who_region: None,
        income_group: None,
        population: None,
        population_year: None,
        latitude: None,
        longitude: None,
        currency: None,
        nam_status: NamStatus::None,
        nam_status_2020: NamStatus::None,
        nam_joined_year: None,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    }
}
