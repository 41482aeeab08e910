//! Whose contributions a nested page shows.

use entity::contribution as co;
use sea_orm::sea_query::Expr;
use sea_orm::{DbBackend, DbErr, QueryResult};
use uuid::Uuid;

use crate::error::Error;
use crate::store::assistance_request::RequestRow;
use crate::store::condition::{one_of_ids, one_of_texts};
use crate::store::page::{Are, KeyValue, Name};
use crate::store::request_item::ItemRow;
use crate::store::row::Cell;

/// Whose contributions a nested page shows.
#[derive(Clone, Debug)]
pub struct Owners(Kind);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A request or an item, by its id.
    Id(Uuid),
    /// An organization, by its code.
    Code(String),
}

impl Name for Owner {
    fn key(&self) -> KeyValue {
        match self {
            Self::Id(id) => KeyValue::Id(*id),
            Self::Code(code) => KeyValue::Text(code.as_str().into()),
        }
    }
}

#[derive(Clone, Debug)]
enum Kind {
    Requests(Vec<Uuid>),
    Items(Vec<Uuid>),
    Organizations(Vec<String>),
}

impl Owners {
    /// Those to the items of each of these requests. They come as rows, which nobody has but who was given them by a reader:
    /// whoever sees a request sees all of its contributions.
    ///
    /// # Errors
    /// `INTERNAL` where their ids were not read.
    pub fn requests(rows: &[RequestRow]) -> Result<Self, Error> {
        let ids = rows.iter().map(|row| row.id().copied());
        Ok(Self(Kind::Requests(ids.collect::<Result<_, _>>()?)))
    }

    /// Those to each of these items, which come as rows for the same reason.
    ///
    /// # Errors
    /// `INTERNAL` where their ids were not read.
    pub fn items(rows: &[ItemRow]) -> Result<Self, Error> {
        let ids = rows.iter().map(|row| row.id().copied());
        Ok(Self(Kind::Items(ids.collect::<Result<_, _>>()?)))
    }

    /// Those of each of these organizations, by code, to requests that the reader may see.
    pub const fn organizations(codes: Vec<String>) -> Self {
        Self(Kind::Organizations(codes))
    }

    /// Whether the reader was given them before, so that it sees all that is theirs.
    pub(super) const fn were_given(&self) -> bool {
        matches!(self.0, Kind::Requests(_) | Kind::Items(_))
    }

    /// Which they are, to whom `key` leads.
    pub(super) fn are(&self, backend: DbBackend, key: Expr) -> Are<'_> {
        match &self.0 {
            Kind::Requests(ids) | Kind::Items(ids) => Are::Given(ids),
            Kind::Organizations(_) => Are::Where(self.hold(backend, key)),
        }
    }

    /// What of a contribution names its owner.
    pub(super) const fn column(&self) -> co::Column {
        match self.0 {
            Kind::Requests(_) => co::Column::RequestId,
            Kind::Items(_) => co::Column::ItemId,
            Kind::Organizations(_) => co::Column::OrganizationCode,
        }
    }

    /// `key`, which is that column, names one of them.
    pub(super) fn hold(&self, backend: DbBackend, key: Expr) -> Expr {
        match &self.0 {
            Kind::Requests(ids) | Kind::Items(ids) => one_of_ids(backend, key, ids),
            Kind::Organizations(codes) => one_of_texts(backend, key, codes.clone()),
        }
    }

    /// The one that this column of a row names.
    pub(super) fn read(&self, row: &QueryResult, index: usize) -> Result<Owner, DbErr> {
        match &self.0 {
            Kind::Requests(_) | Kind::Items(_) => Cell::of(row, index).map(Owner::Id),
            Kind::Organizations(_) => Cell::of(row, index).map(Owner::Code),
        }
    }

    /// The only one, where there are no others.
    pub(super) fn only(&self) -> Option<Owner> {
        match &self.0 {
            Kind::Requests(ids) | Kind::Items(ids) => match ids.as_slice() {
                [id] => Some(Owner::Id(*id)),
                _ => None,
            },
            Kind::Organizations(codes) => match codes.as_slice() {
                [code] => Some(Owner::Code(code.clone())),
                _ => None,
            },
        }
    }

    /// Each of them.
    pub(super) fn each(&self) -> Vec<Owner> {
        match &self.0 {
            Kind::Requests(ids) | Kind::Items(ids) => ids.iter().copied().map(Owner::Id).collect(),
            Kind::Organizations(codes) => codes.iter().cloned().map(Owner::Code).collect(),
        }
    }
}
