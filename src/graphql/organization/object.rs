//! An organization as clients see it.

use async_graphql::{ID, Object};
use entity::organization::Model;

use crate::graphql::among::Known;
use crate::graphql::fault::Fallible;
use crate::graphql::level::Entry;
use crate::graphql::node::GlobalId;

/// An organization.
#[derive(Clone)]
pub struct Organization(pub Entry<Known<Model>>);

impl Organization {
    fn row(&self) -> Fallible<&Model> {
        Ok(&self.0.row()?.row)
    }
}

/// An organization that gives assistance.
#[Object]
impl Organization {
    /// Opaque and stable; `node(id:)` finds it again.
    pub async fn id(&self) -> Fallible<ID> {
        Ok(GlobalId::Organization(self.row()?.code.clone()).encode())
    }

    /// Code, given once: "WHO".
    async fn code(&self) -> Fallible<&str> {
        Ok(&self.row()?.code)
    }

    /// Its own name.
    async fn name(&self) -> Fallible<&str> {
        Ok(&self.row()?.name)
    }
}
