//! "Filled by level": all rows that one statement gave stay together, and the first of them that is asked for its
//! children asks for the children of all. So a list of any length costs one statement a level, with no timer.

use std::any::{Any, TypeId};
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::Context;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::error::Error;
use crate::graphql::fault::Fallible;
use crate::store::page::{Cursor, Page};
use crate::store::{Map, Reader};

/// Rows that were read together, by one reader, and what was read of their children so far.
#[derive(Debug)]
pub struct Level<R> {
    /// Who reads, and in which snapshot.
    pub reader: Arc<Reader>,
    /// The rows.
    pub rows: Vec<R>,
    children: Mutex<Children>,
    /// Children that were read with the rows.
    given: Option<Loaded>,
}

/// What was read of the children of a level, or is being read.
#[derive(Debug, Default)]
struct Children {
    slots: HashMap<String, Slot>,
    /// What is in the slots, by who asked.
    places: Vec<(Place, Loaded)>,
}

type Loaded = Arc<dyn Any + Send + Sync>;
type Slot = Arc<OnceCell<Loaded>>;
/// A field of the document, and the type of what it asks for.
type Place = (usize, TypeId);

impl<R> Level<R> {
    /// A level of rows whose children nobody has asked for.
    pub fn new(reader: Arc<Reader>, rows: Vec<R>) -> Arc<Self> {
        Arc::new(Self {
            reader,
            rows,
            children: Mutex::default(),
            given: None,
        })
    }

    /// A level of rows that were read together with these children.
    pub fn with<T: Send + Sync + 'static>(reader: Arc<Reader>, rows: Vec<R>, children: T) -> Arc<Self> {
        Arc::new(Self {
            reader,
            rows,
            children: Mutex::default(),
            given: Some(Arc::new(children)),
        })
    }

    /// The children that were read with the rows, where they are of this type.
    pub fn given<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.given.as_ref()?).downcast().ok()
    }

    /// The children of all rows for the field that is being resolved: loaded by whoever asks first, by what `begin` gives.
    /// That is a text which tells this loading from others of the same name and arguments (its columns, say), and the
    /// loading itself, boxed because all siblings but one only ask what was loaded. A field asks for one thing of each type.
    ///
    /// # Errors
    /// What `begin` and loading them failed with; the next that asks tries again.
    pub async fn children<'l, T: Send + Sync + 'static>(
        &self,
        ctx: &Context<'_>,
        begin: impl FnOnce() -> Fallible<(String, BoxFuture<'l, Fallible<T>>)>,
    ) -> Fallible<Arc<T>> {
        let place = place::<T>(ctx);
        if let Some(loaded) = self.known(place) {
            return kind(loaded);
        }
        if GLANCES.get() {
            // Nothing may be begun that nobody would wait for.
            return std::future::pending().await;
        }
        let (key, load) = begin()?;
        // Two fields of the same name with the same arguments and columns may share what was read.
        let arguments = ctx.field().arguments().unwrap_or_default();
        let key = format!("{} {arguments:?} {key}", ctx.field().name());
        let slot = Arc::clone(self.read_so_far().slots.entry(key).or_default());
        let load = async { load.await.map(|loaded| Arc::new(loaded) as Loaded) };
        let loaded = Arc::clone(slot.get_or_try_init(|| load).await?);
        kind(self.keep(place, loaded))
    }

    /// The same for what is in memory: made by whoever asks first, at once.
    ///
    /// # Errors
    /// What `make` failed with.
    pub fn beside<T: Send + Sync + 'static>(
        &self,
        ctx: &Context<'_>,
        make: impl FnOnce() -> Fallible<T>,
    ) -> Fallible<Arc<T>> {
        let place = place::<T>(ctx);
        if let Some(made) = self.known(place) {
            return kind(made);
        }
        let made = Arc::new(make()?);
        kind(self.keep(place, made))
    }

    fn known(&self, place: Place) -> Option<Loaded> {
        let children = self.read_so_far();
        let known = children.places.iter().find(|(one, _)| *one == place);
        known.map(|(_, loaded)| Arc::clone(loaded))
    }

    /// What is kept for a place: siblings that waited for the same have it from the first of them.
    fn keep(&self, place: Place, loaded: Loaded) -> Loaded {
        let places = &mut self.read_so_far().places;
        if places.iter().all(|(one, _)| *one != place) {
            places.push((place, Arc::clone(&loaded)));
        }
        loaded
    }

    fn read_so_far(&self) -> MutexGuard<'_, Children> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    static GLANCES: Cell<bool> = const { Cell::new(false) };
}

/// What a resolver gives that waits for nothing but the children of its level, where those were read before. It begins
/// nothing.
pub fn glance<T>(resolver: impl Future<Output = T>) -> Option<T> {
    struct Glance;
    impl Drop for Glance {
        fn drop(&mut self) {
            GLANCES.set(false);
        }
    }
    let _until_dropped = Glance;
    GLANCES.set(true);
    resolver.now_or_never()
}

/// Documents stay where they are while they are executed, so that a field's place in memory tells it from others.
fn place<T: 'static>(ctx: &Context<'_>) -> Place {
    (std::ptr::from_ref(ctx.item).addr(), TypeId::of::<T>())
}

fn kind<T: Send + Sync + 'static>(loaded: Loaded) -> Fallible<Arc<T>> {
    loaded
        .downcast()
        .map_err(|_| Error::internal("children of another kind").into())
}

/// One row of a level: what every object type holds, those of reference data too
/// (`pub struct Country(pub Entry<Arc<Named<country::Model>>>)`), so that the children of all siblings are read at once.
#[derive(Debug)]
pub struct Entry<R> {
    level: Arc<Level<R>>,
    index: usize,
}

impl<R> Clone for Entry<R> {
    fn clone(&self) -> Self {
        Self {
            level: Arc::clone(&self.level),
            index: self.index,
        }
    }
}

impl<R> Entry<R> {
    /// The row at `index` of a level.
    pub const fn new(level: Arc<Level<R>>, index: usize) -> Self {
        Self { level, index }
    }

    /// A level of one row, and that row.
    pub fn alone(reader: Arc<Reader>, row: R) -> Self {
        Self::new(Level::new(reader, vec![row]), 0)
    }

    /// A page of rows as a level, each row with its cursor.
    pub fn page(reader: &Arc<Reader>, page: Page<R>) -> Page<Self> {
        let Page {
            rows,
            has_next,
            has_previous,
            total,
        } = page;
        let (rows, cursors): (Vec<R>, Vec<Cursor>) = rows.into_iter().unzip();
        let level = Level::new(Arc::clone(reader), rows);
        let rows = cursors
            .into_iter()
            .enumerate()
            .map(|(index, cursor)| (Self::new(Arc::clone(&level), index), cursor))
            .collect();
        Page {
            rows,
            has_next,
            has_previous,
            total,
        }
    }

    /// The row.
    ///
    /// # Errors
    /// `INTERNAL` where the level has no such row, which can't be.
    pub fn row(&self) -> Result<&R, Error> {
        self.level
            .rows
            .get(self.index)
            .ok_or_else(|| Error::internal("an entry outside its level"))
    }

    /// Its place in the level.
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Its level: the rows that were read with it, and who reads.
    pub const fn level(&self) -> &Arc<Level<R>> {
        &self.level
    }
}

impl<R> Entry<R> {
    /// The pages of many parents, all their rows as one level.
    pub fn pages<P: Eq + Hash>(reader: &Arc<Reader>, pages: Map<P, Page<R>>) -> Map<P, Page<Self>> {
        let mut rows = Vec::new();
        let mut places = Map::with_capacity_and_hasher(pages.len(), Default::default());
        for (parent, page) in pages {
            let Page {
                rows: of_parent,
                has_next,
                has_previous,
                total,
            } = page;
            let mut indexes = Vec::with_capacity(of_parent.len());
            for (row, cursor) in of_parent {
                indexes.push((rows.len(), cursor));
                rows.push(row);
            }
            places.insert(
                parent,
                Page {
                    rows: indexes,
                    has_next,
                    has_previous,
                    total,
                },
            );
        }
        let level = Level::new(Arc::clone(reader), rows);
        places
            .into_iter()
            .map(|(parent, page)| (parent, page.map(|index| Self::new(Arc::clone(&level), index))))
            .collect()
    }
}

/// Rows that the rows of a level point to, as a level of their own.
pub struct Parents<R> {
    level: Arc<Level<R>>,
    by_id: Map<Uuid, usize>,
}

impl<R> Parents<R> {
    /// The rows that were read, by their ids.
    pub fn new(reader: &Arc<Reader>, read: Map<Uuid, R>) -> Self {
        let mut by_id = Map::with_capacity_and_hasher(read.len(), Default::default());
        let mut rows = Vec::with_capacity(read.len());
        for (id, row) in read {
            by_id.insert(id, rows.len());
            rows.push(row);
        }
        Self {
            level: Level::new(Arc::clone(reader), rows),
            by_id,
        }
    }

    /// The row of this id.
    ///
    /// # Errors
    /// `INTERNAL` where it was not read, which a foreign key excludes.
    pub fn entry(&self, id: &Uuid) -> Fallible<Entry<R>> {
        let index = self.by_id.get(id);
        let index = index.ok_or_else(|| Error::internal("a row without its parent"))?;
        Ok(Entry::new(Arc::clone(&self.level), *index))
    }
}

/// Ids, each once.
///
/// # Errors
/// The first that could not be told.
pub fn distinct(ids: impl Iterator<Item = Result<Uuid, Error>>) -> Result<Vec<Uuid>, Error> {
    let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_glance_waits_for_nothing_and_ends_however_it_goes() {
        assert_eq!(glance(async { GLANCES.get() }), Some(true));
        assert_eq!(glance(std::future::pending::<()>()), None);
        assert!(!GLANCES.get());
        let panics = || glance(async { panic!("inside") });
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(!GLANCES.get(), "else no children would be read on this thread any more");
    }
}
