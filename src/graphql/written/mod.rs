//! Objects and lists of objects that are written to the answer as they are read.
//!
//! The executor makes a boxed future, a map entry and a value for each field, and then writes the tree that it has. Here
//! the selection of an object's type is planned once for all objects of a list, fields whose value is there without waiting
//! ([`Leaves`]) are written by a plain call, and every other field is resolved by its resolver as ever: of a field that
//! waits for the children of a level (`items`), that of the first object, which has them read for all. What comes out are the same bytes, held as [`Value::Binary`], which no field of the schema is otherwise; [`json`] writes them as
//! they are.
//!
//! Law of the module: it knows no field of any type. A field whose value can't be told by a plain call is left to the
//! executor, errors too.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use async_graphql::parser::types::{Field, Selection};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{Context, ContextSelectionSet, OutputType, Positioned, ServerError, ServerResult, Value};

pub mod json;
mod leaf;

pub use leaf::{Leaf, Leaves, Write, is_of_row};

use crate::error::Error;
use crate::graphql::context::{ANSWER, Request};
use crate::graphql::fault::Fault;

/// An object.
#[derive(Clone, Debug)]
pub struct One<T>(pub T);

/// A list of objects.
#[derive(Clone, Debug)]
pub struct Rows<'a, T: Clone>(pub Cow<'a, [T]>);

impl<T: Clone> From<Vec<T>> for Rows<'_, T> {
    fn from(rows: Vec<T>) -> Self {
        Self(Cow::Owned(rows))
    }
}

impl<'a, T: Clone> From<&'a [T]> for Rows<'a, T> {
    fn from(rows: &'a [T]) -> Self {
        Self(Cow::Borrowed(rows))
    }
}

/// A field that is selected, with its name in the answer.
struct Step<'a, T> {
    key: &'a str,
    field: &'a Positioned<Field>,
    how: How<T>,
}

enum How<T> {
    TypeName,
    Leaf(Write<T>),
    /// By its resolver, unless the children that this one would wait for were read before.
    Field(Option<Write<T>>),
}

impl<T: OutputType> Step<'_, T> {
    /// Writes the field of an object by a plain call. False where that can't be: then nothing of what it wrote counts.
    fn write(&self, ctx: &ContextSelectionSet<'_>, object: &T, out: &mut Vec<u8>) -> bool {
        let field = self.field;
        match self.how {
            How::TypeName => {
                json::text(out, &T::type_name());
                true
            }
            How::Leaf(write) | How::Field(Some(write)) => write(object, &Place { ctx, field }, out),
            How::Field(None) => false,
        }
    }
}

/// Where a field stands in the document.
pub struct Place<'a> {
    ctx: &'a ContextSelectionSet<'a>,
    field: &'a Positioned<Field>,
}

impl<'a> Place<'a> {
    /// What a resolver is given.
    pub fn context(&self) -> Context<'a> {
        self.ctx.with_field(self.field)
    }
}

/// Bytes of an object, about, so that its buffer seldom grows.
const OBJECT: usize = 256;
/// Bytes by which the objects of a list are longer than the first, about.
const SPARE: usize = 16;
/// Bytes that are reserved at once for a list, at most: its first object may be the only long one.
const MOST: usize = 256 * 1024;

/// Bytes that an object takes in a tree, about: a table and room for a few fields.
const TREE: usize = 512;
/// Bytes that a value takes in a tree besides its text, about.
const LITTLE: usize = 64;

/// What has to be waited for. A box, because types select each other without end.
type Later<'a> = Pin<Box<dyn Future<Output = ServerResult<Value>> + Send + 'a>>;

impl<T: ContainerType + Leaves> OutputType for One<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if is_merged(ctx) {
            let value = Box::pin(resolve_container(ctx, &self.0)).await?;
            return merged(ctx, field, value);
        }
        let steps = plan::<T>(ctx)?;
        let mut out = Vec::with_capacity(OBJECT);
        if write_leaves(ctx, &steps, &self.0, &mut out) {
            return written(ctx, field, out);
        }
        fits(field, &out)?;
        out.clear();
        let later: Later<'_> = Box::pin(async {
            write(ctx, &steps, &self.0, &mut out).await?;
            written(ctx, field, out)
        });
        later.await
    }
}

impl<T: ContainerType + Leaves> Leaf for One<T> {
    fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) -> bool {
        let ctx = place.context();
        let ctx = ctx.with_selection_set(&place.field.node.selection_set);
        plan::<T>(&ctx).is_ok_and(|steps| write_leaves(&ctx, &steps, &self.0, out))
    }
}

impl<T: ContainerType + Leaves + Clone> OutputType for Rows<'_, T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<T>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<T>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<T>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if is_merged(ctx) {
            // One after the other, so that what is made is counted before more is begun: lists within each other would else wait all at once.
            let mut values = Vec::with_capacity(self.0.len());
            for (index, object) in self.0.iter().enumerate() {
                let at = ctx.with_index(index);
                let resolved = Box::pin(object.resolve(&at, field)).await;
                values.push(resolved.map_err(|error| placed(&at, error))?);
            }
            return merged(ctx, field, Value::List(values));
        }
        let steps = plan::<T>(ctx)?;
        let mut out = Vec::with_capacity(OBJECT);
        if self.write_leaves(ctx, &steps, &mut out) {
            return written(ctx, field, out);
        }
        fits(field, &out)?;
        out.clear();
        let later: Later<'_> = Box::pin(async {
            out.push(b'[');
            for (index, object) in self.0.iter().enumerate() {
                self.separate(index, 1, &mut out);
                let at = ctx.with_index(index);
                let done = write(&at, &steps, object, &mut out).await;
                done.map_err(|error| placed(&at, error))?;
            }
            out.push(b']');
            written(ctx, field, out)
        });
        later.await
    }
}

impl<T: ContainerType + Leaves + Clone> Leaf for Rows<'_, T> {
    fn write(&self, place: &Place<'_>, out: &mut Vec<u8>) -> bool {
        let ctx = place.context();
        let ctx = ctx.with_selection_set(&place.field.node.selection_set);
        plan::<T>(&ctx).is_ok_and(|steps| self.write_leaves(&ctx, &steps, out))
    }
}

impl<T: ContainerType + Clone> Rows<'_, T> {
    fn write_leaves(&self, ctx: &ContextSelectionSet<'_>, steps: &[Step<'_, T>], out: &mut Vec<u8>) -> bool {
        out.push(b'[');
        let begin = out.len();
        for (index, object) in self.0.iter().enumerate() {
            self.separate(index, begin, out);
            if !write_leaves(ctx, steps, object, out) || out.len() > ANSWER {
                return false;
            }
        }
        out.push(b']');
        true
    }

    /// Goes on to the object of this index. After the first it is known about how much room all of them take.
    fn separate(&self, index: usize, begin: usize, out: &mut Vec<u8>) {
        if index == 1 {
            let first = out.len().saturating_sub(begin);
            out.reserve(first.saturating_add(SPARE).saturating_mul(self.0.len()).min(MOST));
        }
        if index > 0 {
            out.push(b',');
        }
    }
}

/// Whether the executor has to merge objects that are selected more than once, for which it needs them as trees.
fn is_merged(ctx: &ContextSelectionSet<'_>) -> bool {
    ctx.data_opt::<Request>().is_none_or(|request| request.merges)
}

/// An error of an element of a list, told where it happened. The library's lists tell all of them of the element.
fn placed(at: &ContextSelectionSet<'_>, error: ServerError) -> ServerError {
    match error.path.is_empty() {
        true => at.set_error_path(error),
        false => error,
    }
}

/// What was written, as a value, unless the answer gets too large.
fn written(ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>, out: Vec<u8>) -> ServerResult<Value> {
    fits(field, &out)?;
    match counts(ctx, out.len()) {
        true => Ok(Value::Binary(out.into())),
        false => Err(too_large(field)),
    }
}

/// The same of a tree, by the memory that it takes. What is in its lists was counted before.
fn merged(ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>, value: Value) -> ServerResult<Value> {
    match counts(ctx, size(&value)) {
        true => Ok(value),
        false => Err(too_large(field)),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => LITTLE + text.len(),
        Value::Binary(json) => LITTLE + json.len(),
        Value::List(values) => {
            let each = values.iter().map(|value| match value {
                Value::Object(_) | Value::List(_) => LITTLE,
                leaf => size(leaf),
            });
            LITTLE + each.sum::<usize>()
        }
        Value::Object(fields) => TREE + fields.values().map(size).sum::<usize>(),
        _ => LITTLE,
    }
}

fn counts(ctx: &ContextSelectionSet<'_>, bytes: usize) -> bool {
    ctx.data_opt::<Request>()
        .is_none_or(|request| request.written.add(bytes))
}

fn fits(field: &Positioned<Field>, out: &[u8]) -> ServerResult<()> {
    match out.len() <= ANSWER {
        true => Ok(()),
        false => Err(too_large(field)),
    }
}

fn too_large(field: &Positioned<Field>) -> ServerError {
    let most = ANSWER / 1024 / 1024;
    let message =
        format!("The answer takes more than {most} MiB: select less within lists, or ask in several operations.");
    let error = async_graphql::Error::from(Fault(Error::TooComplex(message)));
    error.into_server_error(field.pos)
}

/// The fields that are selected of a type, in the order in which they are answered.
fn plan<'a, T: ContainerType + Leaves>(ctx: &ContextSelectionSet<'a>) -> ServerResult<Vec<Step<'a, T>>> {
    let mut steps = Vec::with_capacity(ctx.item.node.items.len());
    collect(ctx, &T::type_name(), &mut steps)?;
    Ok(steps)
}

fn collect<'a, T: Leaves>(
    ctx: &ContextSelectionSet<'a>,
    type_name: &str,
    steps: &mut Vec<Step<'a, T>>,
) -> ServerResult<()> {
    for selection in &ctx.item.node.items {
        let (condition, set) = match &selection.node {
            Selection::Field(field) => {
                let (key, name) = (field.node.response_key().node.as_str(), field.node.name.node.as_str());
                // Selected twice it has no selection of its own, and is the same.
                if steps.iter().all(|step| step.key != key) {
                    // A leaf is written with the defaults of its arguments.
                    let leaf = T::leaf(name).filter(|_| field.node.arguments.is_empty());
                    let how = match (name, leaf) {
                        ("__typename", _) => How::TypeName,
                        (_, Some(write)) => How::Leaf(write),
                        (_, None) => How::Field(T::later(name)),
                    };
                    steps.push(Step { key, field, how });
                }
                continue;
            }
            Selection::InlineFragment(inline) => (inline.node.type_condition.as_ref(), &inline.node.selection_set),
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let fragment = ctx
                    .query_env
                    .fragments
                    .get(name)
                    .ok_or_else(|| ServerError::new(format!("Unknown fragment \"{name}\"."), Some(spread.pos)))?;
                (Some(&fragment.node.type_condition), &fragment.node.selection_set)
            }
        };
        let applies = condition.is_none_or(|condition| {
            let on = condition.node.on.node.as_str();
            let interfaces = || ctx.schema_env.registry.implements.get(type_name);
            on == type_name || interfaces().is_some_and(|interfaces| interfaces.contains(on))
        });
        if applies {
            collect(&ctx.with_selection_set(set), type_name, steps)?;
        }
    }
    Ok(())
}

/// Writes an object whose fields are all there without waiting. False where one is not, or can't be written.
fn write_leaves<T: OutputType>(
    ctx: &ContextSelectionSet<'_>,
    steps: &[Step<'_, T>],
    object: &T,
    out: &mut Vec<u8>,
) -> bool {
    if steps.iter().any(|step| matches!(step.how, How::Field(None))) {
        return false;
    }
    out.push(b'{');
    for (index, step) in steps.iter().enumerate() {
        write_key(index, step.key, out);
        if !step.write(ctx, object, out) {
            return false;
        }
    }
    out.push(b'}');
    true
}

/// Writes an object, whatever its fields are.
async fn write<T: ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    steps: &[Step<'_, T>],
    object: &T,
    out: &mut Vec<u8>,
) -> ServerResult<()> {
    out.push(b'{');
    for (index, step) in steps.iter().enumerate() {
        write_key(index, step.key, out);
        let begin = out.len();
        if !step.write(ctx, object, out) {
            out.truncate(begin);
            let field = ctx.with_field(step.field);
            let value = object.resolve_field(&field).await?;
            json::write(out, &value.unwrap_or_default());
        }
        fits(step.field, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// A name needs no escapes.
fn write_key(index: usize, key: &str, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}
