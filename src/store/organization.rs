//! Organizations: which pass a filter, and the transactions that write one.

use std::sync::Arc;

use entity::enums::OrganizationKind;
use entity::organization::Model;
use futures_util::FutureExt;

use crate::domain::filter::{Filter, OrganizationField};
use crate::domain::organization::{OrganizationForm, check_code};
use crate::domain::problem::Problems;
use crate::domain::reference::Named;
use crate::error::Error;
use crate::store::condition::resolve;
use crate::store::reference::{Keeping, at_version, insert, save, write};
use crate::store::{Author, Outcome, Reader, Store};

/// The organizations that pass, by code. A test on their country's requests sees those that the reader may see.
///
/// # Errors
/// The database's, where the filter asks of requests.
pub async fn list(reader: &Reader, filter: &Filter<OrganizationField>) -> Result<Vec<Arc<Named<Model>>>, Error> {
    let filter = resolve::organization(reader, filter).await?;
    let reference = reader.reference();
    let all = reference.organizations.values();
    Ok(all
        .filter(|one| reference.organization_holds(&one.row, &filter))
        .map(Arc::clone)
        .collect())
}

/// Creates an organization. Gives its code.
///
/// # Errors
/// Everything that is wrong with code and form, DUPLICATE for a taken code; `FORBIDDEN` for all but administrators.
pub async fn create(store: &Store, author: impl Into<Author>, code: String, form: OrganizationForm) -> Outcome<String> {
    let entered = Arc::new((code, form));
    write(store, author, move |w, reference| {
        let entered = Arc::clone(&entered);
        async move {
            let (code, form) = &*entered;
            let mut problems = Problems::default();
            let code = check_code(code, reference, &mut problems);
            let mut row = blank(Keeping::of_administrator(w.now));
            form.apply(&mut row, reference, &mut problems);
            let code = problems.or_else(code)?;
            insert(
                w,
                Model {
                    code: code.clone(),
                    ..row
                },
            )
            .await?;
            Ok(code)
        }
        .boxed()
    })
    .await
}

/// Changes or retires an organization. A form that changes nothing succeeds and leaves the version. Gives its code.
///
/// # Errors
/// NOT_FOUND, STALE_VERSION, everything that is wrong with the form; `FORBIDDEN` for all but administrators.
pub async fn update(
    store: &Store,
    author: impl Into<Author>,
    code: Option<String>,
    version: i32,
    form: OrganizationForm,
) -> Outcome<String> {
    let entered = Arc::new((code, form));
    write(store, author, move |w, reference| {
        let entered = Arc::clone(&entered);
        async move {
            let (code, form) = &*entered;
            let before = at_version("organization", &reference.organizations, code.as_deref(), version)?;
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
        name: String::new(),
        kind: OrganizationKind::UnAgency,
        country_code: None,
        url: None,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    }
}
