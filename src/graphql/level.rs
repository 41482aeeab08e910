//! "Filled by level": all rows that one statement gave stay together, and the first of them that is asked for its
//! children asks for the children of all. So a list of any length costs one statement a level, with no timer.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use tokio::sync::OnceCell;

use crate::error::Error;
use crate::graphql::fault::Fallible;
use crate::store::Reader;

/// Rows that were read together, by one reader, and what was read of their children so far.
#[derive(Debug)]
pub struct Level<R> {
    /// Who reads, and in which snapshot.
    pub reader: Arc<Reader>,
    /// The rows.
    pub rows: Vec<R>,
    children: Mutex<HashMap<String, Slot>>,
}

type Slot = Arc<OnceCell<Arc<dyn Any + Send + Sync>>>;

impl<R> Level<R> {
    /// A level of rows whose children nobody has asked for.
    pub fn new(reader: Arc<Reader>, rows: Vec<R>) -> Arc<Self> {
        Arc::new(Self {
            reader,
            rows,
            children: Mutex::default(),
        })
    }

    /// The children of all rows for the field that is being resolved: loaded by whoever asks first.
    ///
    /// # Errors
    /// What loading them failed with; the next that asks tries again.
    pub async fn children<T: Send + Sync + 'static>(
        &self,
        ctx: &Context<'_>,
        columns: &str,
        load: impl Future<Output = Fallible<T>>,
    ) -> Fallible<Arc<T>> {
        // Two fields of the same name with the same arguments and columns may share what was read.
        let key = format!(
            "{} {:?} {columns}",
            ctx.field().name(),
            ctx.field().arguments().unwrap_or_default()
        );
        let slot = {
            let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(children.entry(key).or_default())
        };
        let loaded = slot
            .get_or_try_init(|| async { load.await.map(|loaded| Arc::new(loaded) as Arc<dyn Any + Send + Sync>) })
            .await?;
        Arc::clone(loaded)
            .downcast()
            .map_err(|_| Error::internal("children of another kind").into())
    }
}
