//! What one column is asked: the leaves of a filter.

use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Value};
use sea_orm::{ActiveEnum, DbBackend};

use crate::domain::filter::{Choice, Ordered, Text};
use crate::domain::text::findable;

/// A test that all rows pass, or none. In the text rather than a parameter, so that a plan that is kept needn't ask it of each row.
pub(crate) fn always(holds: bool) -> Expr {
    Expr::cust(if holds { "TRUE" } else { "FALSE" })
}

/// `expr` is one of `values`, as one parameter whatever their number, so that the statement's text stays the same.
pub(crate) fn one_of_texts(backend: DbBackend, expr: Expr, values: Vec<String>) -> Expr {
    let values: Vec<String> = values.iter().map(|value| findable(value).into_owned()).collect();
    match backend {
        DbBackend::Postgres => expr.eq(PgFunc::any(Expr::val(values))),
        _ => {
            let json = serde_json::Value::from(values).to_string();
            Expr::cust_with_exprs("? IN (SELECT value FROM json_each(?))", [expr, Expr::val(json)])
        }
    }
}

/// Ids that PostgreSQL takes any array for when it makes one plan for all. A shorter one seems cheaper to it than that plan,
/// and is planned anew at each execution, which costs more than reading the rows.
pub(crate) const USUAL: usize = 10;

/// The same for ids, but for a single one, which has a text of its own: of one id every planner knows that few rows have it, also
/// in a table that was never analyzed.
pub(crate) fn one_of_ids(backend: DbBackend, expr: Expr, values: &[uuid::Uuid]) -> Expr {
    if let [id] = values {
        return expr.eq(*id);
    }
    match backend {
        DbBackend::Postgres => {
            let mut values = values.to_vec();
            if let Some(last) = values.last().copied() {
                // The same id again finds nothing more.
                values.resize(values.len().max(USUAL), last);
            }
            expr.eq(PgFunc::any(Expr::val(values)))
        }
        _ => {
            let json = serde_json::Value::from_iter(values.iter().map(|id| id.simple().to_string())).to_string();
            Expr::cust_with_exprs("? IN (SELECT unhex(value) FROM json_each(?))", [expr, Expr::val(json)])
        }
    }
}

pub(super) fn contains(backend: DbBackend, folded: Expr, folded_part: &str) -> Expr {
    let function = if backend == DbBackend::Postgres {
        "strpos"
    } else {
        "instr"
    };
    Expr::from(Func::cust(function).args([folded, Expr::val(&*findable(folded_part))])).gt(0)
}

pub(super) fn starts_with(backend: DbBackend, folded: Expr, folded_part: &str) -> Expr {
    let folded_part = &*findable(folded_part);
    match backend {
        DbBackend::Postgres => Func::cust("starts_with").args([folded, Expr::val(folded_part)]).into(),
        _ => Expr::from(Func::cust("substr").args([
            folded,
            Expr::val(1),
            Expr::val(i64::try_from(folded_part.chars().count()).unwrap_or(i64::MAX)),
        ]))
        .eq(folded_part),
    }
}

pub(super) fn text(backend: DbBackend, exact: Expr, folded: Expr, test: &Text) -> Expr {
    match test {
        Text::Eq(this) => exact.eq(&*findable(this)),
        Text::Ne(this) => exact.clone().ne(&*findable(this)).or(exact.is_null()),
        Text::In(these) => one_of_texts(backend, exact, these.clone()),
        Text::NotIn(these) => one_of_texts(backend, exact.clone(), these.clone())
            .not()
            .or(exact.is_null()),
        Text::Contains(part) => contains(backend, folded, part),
        Text::StartsWith(part) => starts_with(backend, folded, part),
        Text::IsNull(null) => is_null(exact, *null),
    }
}

pub(super) fn choice<T: ActiveEnum>(column: Expr, test: &Choice<T>) -> Expr
where
    T::Value: Into<Value>,
{
    let value = |one: &T| -> Value { one.to_value().into() };
    // At most as many values as the enum has: the statement's text hardly varies.
    let list = |these: &[T]| column.clone().is_in(these.iter().map(value));
    match test {
        Choice::Eq(this) => column.clone().eq(value(this)),
        Choice::Ne(this) => column.clone().ne(value(this)).or(column.clone().is_null()),
        Choice::In(these) if these.is_empty() => always(false),
        Choice::NotIn(these) if these.is_empty() => always(true),
        Choice::In(these) => list(these),
        Choice::NotIn(these) => list(these).not().or(column.clone().is_null()),
        Choice::IsNull(null) => is_null(column.clone(), *null),
    }
}

pub(super) fn ordered<T: Clone + Into<Value>>(column: Expr, test: &Ordered<T>) -> Expr {
    let value = |one: &T| -> Value { one.clone().into() };
    match test {
        Ordered::Eq(this) => column.eq(value(this)),
        Ordered::Ne(this) => column.clone().ne(value(this)).or(column.is_null()),
        Ordered::In(these) if these.is_empty() => always(false),
        Ordered::In(these) => column.is_in(these.iter().map(value)),
        Ordered::Gt(this) => column.gt(value(this)),
        Ordered::Gte(this) => column.gte(value(this)),
        Ordered::Lt(this) => column.lt(value(this)),
        Ordered::Lte(this) => column.lte(value(this)),
        Ordered::IsNull(null) => is_null(column, *null),
    }
}

pub(super) fn is_null(column: Expr, null: bool) -> Expr {
    if null { column.is_null() } else { column.is_not_null() }
}
