//! Values that are written by a plain call.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::EnumType;
use async_graphql::{ContextSelectionSet, ID, OutputType, Positioned, ScalarType, ServerResult, Value};
use entity::enums::{
    ContributionStatus, Fulfilment, IncomeGroup, ItemKind, Locale, NamStatus, NeedDomain, OrganizationKind, Priority,
    RequestStatus, Role, WhoRegion,
};

use super::{Place, json};
use crate::graphql::fault::Fault;
use crate::graphql::scalar::{BigInt, CountryCode, Date, DateTime, Decimal};
use crate::store::page::Cursor;

/// Writes a field of `T`. False where it can't: then nothing of what it wrote counts.
pub type Write<T> = fn(&T, &Place<'_>, &mut Vec<u8>) -> bool;

/// A type whose leaves are known: the macros `leaves` and `Leaves` find them.
pub trait Leaves: Sized {
    /// The names of its leaves.
    const LEAVES: &'static [&'static str];

    /// How to write the field of this name, where it is a leaf.
    fn leaf(field: &str) -> Option<Write<Self>>;
}

impl<T: Leaves> Leaves for &T {
    const LEAVES: &'static [&'static str] = T::LEAVES;

    fn leaf(_: &str) -> Option<Write<Self>> {
        None
    }
}

/// The value of a leaf.
pub trait Leaf {
    /// Writes it as the executor would. False where it can't: then nothing of what it wrote counts.
    fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) -> bool;
}

impl<T: Leaf + ?Sized> Leaf for &T {
    fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) -> bool {
        T::write(self, place, out)
    }
}

impl<T: Leaf + ?Sized> Leaf for Arc<T> {
    fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) -> bool {
        T::write(self, place, out)
    }
}

impl<T: Leaf> Leaf for Option<T> {
    fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) -> bool {
        match self {
            Some(value) => value.write(place, out),
            None => {
                out.extend_from_slice(b"null");
                true
            }
        }
    }
}

/// A failure is the executor's to tell.
impl<T: Leaf> Leaf for Result<T, Fault> {
    fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) -> bool {
        self.as_ref().is_ok_and(|value| value.write(place, out))
    }
}

impl<T: Leaf> Leaf for Vec<T> {
    fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) -> bool {
        self.as_slice().write(place, out)
    }
}

impl<T: Leaf> Leaf for [T] {
    fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) -> bool {
        out.push(b'[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if !item.write(place, out) {
                return false;
            }
        }
        out.push(b']');
        true
    }
}

impl Leaf for f64 {
    fn write(&self, _: &Place<'_>, out: &mut Vec<u8>) -> bool {
        // What is no number is null, as the executor has it.
        json::plain(out, self);
        true
    }
}

/// Those that serde writes as the executor does.
macro_rules! plain {
    ($($ty:ty),*) => {
        $(impl Leaf for $ty {
            fn write(&self, _: &Place<'_>, out: &mut Vec<u8>) -> bool {
                json::plain(out, self);
                true
            }
        })*
    };
}

plain!(str, String, bool, i32);

impl Leaf for ID {
    fn write(&self, _: &Place<'_>, out: &mut Vec<u8>) -> bool {
        json::text(out, &self.0);
        true
    }
}

/// What its scalar makes of it, by way of the scalar's own value.
macro_rules! scalar {
    ($($ty:ty),*) => {
        $(impl Leaf for $ty {
            fn write(&self, _: &Place<'_>, out: &mut Vec<u8>) -> bool {
                json::write(out, &ScalarType::to_value(self));
                true
            }
        })*
    };
}

scalar!(BigInt, Date, DateTime, Decimal);

impl Leaf for CountryCode {
    fn write(&self, _: &Place<'_>, out: &mut Vec<u8>) -> bool {
        json::text(out, &self.0);
        true
    }
}

fn name<E: EnumType>(value: &E, out: &mut Vec<u8>) -> bool {
    let item = E::items().iter().find(|item| item.value == *value);
    item.map(|item| json::text(out, item.name)).is_some()
}

/// The enums.
macro_rules! names {
    ($($ty:ty),*) => {
        $(impl Leaf for $ty {
            fn write(&self, _: &Place<'_>, out: &mut Vec<u8>) -> bool {
                name(self, out)
            }
        })*
    };
}

names!(
    ContributionStatus,
    Fulfilment,
    IncomeGroup,
    ItemKind,
    Locale,
    NamStatus,
    NeedDomain,
    OrganizationKind,
    Priority,
    RequestStatus,
    Role,
    WhoRegion
);

impl Leaf for Cursor {
    fn write(&self, _: &Place<'_>, out: &mut Vec<u8>) -> bool {
        json::text(out, &self.text());
        true
    }
}

/// A text like any other.
impl OutputType for Cursor {
    fn type_name() -> Cow<'static, str> {
        <String as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <String as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::String(self.text()))
    }
}
