//! Values that are written by a plain call.

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::EnumType;
use async_graphql::{ContextSelectionSet, ID, OutputType, Positioned, SelectionField, ServerResult, Value};
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

    /// How to write the field of this name, where it hangs on the children of the object's level alone: it can be once those
    /// were read.
    fn later(field: &str) -> Option<Write<Self>>;
}

/// Whether a field of a `T` is told by its row alone. What has fields of its own may lead to other rows.
pub fn is_of_row<T: Leaves>(field: &SelectionField<'_>) -> bool {
    let is_leaf = T::leaf(field.name()).is_some() && field.selection_set().next().is_none();
    is_leaf || field.name() == "__typename"
}

impl<T: Leaves> Leaves for &T {
    const LEAVES: &'static [&'static str] = T::LEAVES;

    fn leaf(_: &str) -> Option<Write<Self>> {
        None
    }

    fn later(_: &str) -> Option<Write<Self>> {
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

/// The name of a value among all that its enum has.
fn name<E: EnumType>(value: &E) -> &'static str {
    let item = E::items().iter().find(|item| item.value == *value);
    item.map_or("", |item| item.name)
}

/// How values of these types are written, all of which can be.
macro_rules! leaves {
    ($($($ty:ty),* => $write:expr;)*) => {
        $($(impl Leaf for $ty {
            fn write(&self, _: &Place<'_>, out: &mut Vec<u8>) -> bool {
                let write: fn(&mut Vec<u8>, &Self) = $write;
                write(out, self);
                true
            }
        })*)*
    };
}

leaves! {
    // As serde writes them, the executor does; a float that is no number is null to both.
    bool, i32, f64 => json::plain;
    str => json::text;
    String => |out, text| json::text(out, text);
    ID => |out, id| json::text(out, &id.0);
    CountryCode => |out, code| json::text(out, &code.0);
    Cursor => |out, cursor| json::text(out, &cursor.text());
    BigInt, Date, DateTime, Decimal => |out, value| json::printed(out, value);
    ContributionStatus, Fulfilment, IncomeGroup, ItemKind, Locale, NamStatus, NeedDomain, OrganizationKind, Priority,
    RequestStatus, Role, WhoRegion => |out, value| json::text(out, name(value));
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
