//! Categories of needs: the transactions that write one. Reads are the snapshot's.

use std::sync::Arc;

use entity::enums::NeedDomain;
use entity::need_category::Model;
use futures_util::FutureExt;

use crate::domain::need_category::{CategoryForm, CategoryKey, last_place};
use crate::domain::problem::Problems;
use crate::store::reference::{Keeping, at_version, insert, save, write};
use crate::store::{Author, Outcome, Store};

/// Creates a category, after its siblings where no place is given. Gives its code.
///
/// # Errors
/// Everything that is wrong with key and form, DUPLICATE for a taken code; `FORBIDDEN` for all but administrators.
pub async fn create(store: &Store, author: impl Into<Author>, key: CategoryKey, form: CategoryForm) -> Outcome<String> {
    let entered = Arc::new((key, form));
    write(store, author, move |w, reference| {
        let entered = Arc::clone(&entered);
        async move {
            let (key, form) = &*entered;
            let mut problems = Problems::default();
            let checked = key.check(reference, &mut problems);
            let mut row = blank(key.domain, Keeping::of_administrator(w.now));
            form.apply(&mut row, reference, &mut problems);
            let code = problems.or_else(checked)?.code;
            if form.sort_order.is_none() {
                row.sort_order = last_place(row.parent_code.as_deref(), reference);
            }
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

/// Changes, moves or retires a category. A form that changes nothing succeeds and leaves the version. Gives its code.
///
/// # Errors
/// NOT_FOUND, STALE_VERSION, everything that is wrong with the form: CONFLICT and CYCLE for the parent, IN_USE for
/// `active`; `FORBIDDEN` for all but administrators.
pub async fn update(
    store: &Store,
    author: impl Into<Author>,
    code: Option<String>,
    version: i32,
    form: CategoryForm,
) -> Outcome<String> {
    let entered = Arc::new((code, form));
    write(store, author, move |w, reference| {
        let entered = Arc::clone(&entered);
        async move {
            let (code, form) = &*entered;
            let before = at_version("category", &reference.categories, code.as_deref(), version)?;
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
const fn blank(domain: NeedDomain, new: Keeping) -> Model {
    Model {
        code: String::new(),
        parent_code: None,
        domain,
        name: String::new(),
        name_fr: None,
        name_es: None,
        name_ar: None,
        description: None,
        iasc_sector: None,
        who_pillar: None,
        sort_order: 0,
        active: new.active,
        edited: new.edited,
        from_file: new.from_file,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.updated_at,
    }
}
