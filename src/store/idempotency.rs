//! Keys of idempotency: what a write did is remembered with it, so that the same again does nothing and is told the same.
//! A key is claimed first of all in the write's own transaction, so of two at once one writes, and the other waits for it. What
//! the write will give is written with the claim, where it is known by then.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, QueryResult};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::actor::Actor;
use crate::domain::problem::{Problem, ProblemCode, Problems};
use crate::error::Error;
use crate::store::{Consistency, Left, Outcome, Refused, Store, Write, change, fault};

const TABLE: &str = "idempotency";
/// How long a key is kept.
const KEPT: TimeDelta = TimeDelta::days(7);
/// Keys that one transaction sweeps away: few enough that no write waits for it.
const BATCH: u64 = 500;

/// Whose a write is, and under which key, where it is to happen once only.
#[derive(Clone, Debug)]
pub struct Author {
    /// Who writes.
    pub actor: Arc<Actor>,
    /// The key; without one the same again is another write.
    pub once: Option<Once>,
    /// What the write leaves of its object. Each attempt begins without any, and what a failed write left is nobody's.
    pub left: Left,
    /// What the write will give if it changes anything, as it is remembered.
    promised: Option<String>,
    /// What is wrong with the input as far as it was read. The write then only finds out what else is.
    noted: Problems,
    /// Whether all of it could be read but the key.
    is_whole: bool,
}

impl Author {
    /// One whose write is to happen once only, where there is a key.
    pub fn new(actor: Arc<Actor>, once: Option<Once>) -> Self {
        Self {
            actor,
            once,
            left: Left::default(),
            promised: None,
            noted: Problems::default(),
            is_whole: true,
        }
    }

    /// With what is wrong with the input already: nothing of the write will stay, and whoever asked is told of it together with what
    /// the write refuses. Where not all of the input could be read (`is_whole`), the write ends before it writes of it.
    pub fn noting(self, noted: Problems, is_whole: bool) -> Self {
        Self {
            noted,
            is_whole,
            ..self
        }
    }

    /// Whether all of the input could be read.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// With what the write will give if it changes anything, where that is known before it begins: it is then remembered
    /// without a statement of its own.
    pub(crate) fn promising<T: Serialize>(self, done: Option<&T>) -> Self {
        let promised = self.once.as_ref().and(done).and_then(|done| written(done).ok());
        Self { promised, ..self }
    }
}

/// A key, and what it was given for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The client's own text, checked.
    pub key: String,
    /// Name of the mutation.
    pub mutation: &'static str,
    /// Hash of its input.
    pub input: [u8; 32],
}

impl From<Arc<Actor>> for Author {
    fn from(actor: Arc<Actor>) -> Self {
        Self::new(actor, None)
    }
}

/// Runs `work`, unless its key says that it was done: then what it gave is given again.
pub(super) async fn run<T, F>(w: &Write, author: &Author, work: &F) -> Outcome<T>
where
    T: Serialize + DeserializeOwned,
    F: for<'w> Fn(&'w Write) -> BoxFuture<'w, Outcome<T>>,
{
    let Some(once) = &author.once else {
        return together(work(w).await, &author.noted);
    };
    if !claim(w, once, author.promised.as_deref()).await? {
        // What was taken when its key was used counts as it did, though it may be refused by now: a code was retired, say.
        return match remembered(w, once).await {
            Err(refused) => together(Err(refused), &author.noted),
            done => done,
        };
    }
    let done = together(work(w).await, &author.noted)?;
    if w.changed() {
        let outcome = written(&done)?;
        if author.promised.as_ref() != Some(&outcome) {
            remember(w, once, outcome).await?;
        }
    } else {
        forget(w, once).await?;
    }
    Ok(done)
}

/// What a write came to, and what was wrong with its input before it began.
fn together<T>(outcome: Outcome<T>, noted: &Problems) -> Outcome<T> {
    if noted.is_empty() {
        return outcome;
    }
    let more = match outcome {
        // Nothing else is wrong, and nothing of it stays.
        Ok(_) => Problems::default(),
        Err(Refused::Problems(more)) => more,
        Err(other) => return Err(other),
    };
    let mut all = noted.clone();
    let new = more.0.into_iter().filter(|problem| !noted.0.contains(problem));
    all.0.extend(new);
    Err(all.into())
}

/// Makes the key this write's own, where nobody has it or had it too long ago. Waits for whoever is about to have it,
/// and where it is theirs keeps it from being swept.
async fn claim(w: &Write, once: &Once, outcome: Option<&str>) -> Outcome<bool> {
    let claim = Query::insert()
        .into_table(TABLE)
        .columns(["principal", "key", "mutation", "input", "outcome", "created_at"])
        .values_panic([
            w.actor.principal_text().into(),
            once.key.as_str().into(),
            once.mutation.into(),
            once.input.to_vec().into(),
            outcome.into(),
            w.now.into(),
        ])
        .on_conflict(
            OnConflict::columns(["principal", "key"])
                .update_columns(["mutation", "input", "outcome", "created_at"])
                .action_and_where(Expr::col((TABLE, "created_at")).lte(expired(w.now)))
                .to_owned(),
        )
        .take();
    Ok(w.tx.execute(&claim).await?.rows_affected() == 1)
}

/// What the key's write gave. A statement of its own: that of the claim may not see what it waited for.
async fn remembered<T: DeserializeOwned>(w: &Write, once: &Once) -> Outcome<T> {
    let row = w.tx.query_one(&select(&w.actor, once)).await?;
    let row = row.ok_or_else(|| Error::internal("a key of idempotency is neither free nor taken"))?;
    Ok(read(&row, once)??)
}

fn written<T: Serialize>(done: &T) -> Result<String, Error> {
    serde_json::to_string(done).map_err(|cause| Error::internal(format!("an outcome: {cause}")))
}

async fn remember(w: &Write, once: &Once, outcome: String) -> Outcome<()> {
    let remember = Query::update()
        .table(TABLE)
        .value("outcome", outcome)
        .and_where(Expr::col("principal").eq(w.actor.principal_text()))
        .and_where(Expr::col("key").eq(once.key.as_str()))
        .take();
    w.tx.execute(&remember).await?;
    Ok(())
}

/// A write that changed nothing may be tried again with another input.
async fn forget(w: &Write, once: &Once) -> Outcome<()> {
    let forget = Query::delete()
        .from_table(TABLE)
        .and_where(Expr::col("principal").eq(w.actor.principal_text()))
        .and_where(Expr::col("key").eq(once.key.as_str()))
        .take();
    w.tx.execute(&forget).await?;
    Ok(())
}

fn select(actor: &Actor, once: &Once) -> SelectStatement {
    Query::select()
        .columns(["mutation", "input", "outcome"])
        .from(TABLE)
        .and_where(Expr::col("principal").eq(actor.principal_text()))
        .and_where(Expr::col("key").eq(once.key.as_str()))
        .take()
}

/// What a row remembers, where it is of the same mutation and input.
fn read<T: DeserializeOwned>(row: &QueryResult, once: &Once) -> Outcome<Result<T, Problem>> {
    let mutation: String = row.try_get_by_index(0)?;
    let input: Vec<u8> = row.try_get_by_index(1)?;
    if mutation != once.mutation || input != once.input {
        return Ok(Err(mismatch(&mutation, once)));
    }
    let outcome: Option<String> = row.try_get_by_index(2)?;
    let done = serde_json::from_str(outcome.as_deref().unwrap_or_default());
    Ok(Ok(done.map_err(|cause| {
        Error::internal(format!("a remembered outcome: {cause}"))
    })?))
}

fn mismatch(mutation: &str, once: &Once) -> Problem {
    let used = if mutation == once.mutation {
        "with another input".to_owned()
    } else {
        format!("for {mutation}")
    };
    let message = format!("You used this key before {used}: choose a new one for something new.");
    Problem::new(ProblemCode::IdempotencyMismatch, message)
        .at("idempotencyKey")
        .with("mutation", mutation)
}

fn expired(now: DateTime<Utc>) -> DateTime<Utc> {
    now - KEPT
}

impl Store {
    /// What the author's key remembers of an input that is refused by now, though it was taken: a code may have been
    /// retired since. Else the problems, and that the key is another input's, where it is.
    ///
    /// # Errors
    /// The problems; the database's.
    pub async fn recall<T: DeserializeOwned>(&self, author: &Author, mut problems: Problems) -> Outcome<T> {
        let Some(once) = &author.once else {
            return Err(problems.into());
        };
        let reader = self.reader(Arc::clone(&author.actor), Consistency::Statement);
        let mut select = select(&author.actor, once);
        select.and_where(Expr::col("created_at").gt(expired(self.now())));
        match reader
            .all(&select)
            .await?
            .first()
            .map(|row| read(row, once))
            .transpose()?
        {
            Some(Ok(done)) => {
                change::settle(self).await.map_err(|failed| fault::unsure(&failed))?;
                Ok(done)
            }
            Some(Err(mismatch)) => {
                problems.push(mismatch);
                Err(problems.into())
            }
            None => Err(problems.into()),
        }
    }
}

/// Sweeps some of the keys away that are kept no longer, and tells whether there may be more. Several servers may sweep
/// at once: each passes over what another has in hand.
///
/// # Errors
/// The database's.
pub async fn sweep(store: &Store) -> Result<bool, Error> {
    let swept = store
        .write(Arc::new(Actor::system()), |w| {
            Box::pin(async move {
                let old = Query::select()
                    .columns(["principal", "key"])
                    .from(TABLE)
                    .and_where(Expr::col("created_at").lte(expired(w.now)))
                    .order_by("created_at", Order::Asc)
                    .limit(BATCH)
                    .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
                    .take();
                let sweep = Query::delete()
                    .from_table(TABLE)
                    .and_where(Expr::tuple([Expr::col("principal"), Expr::col("key")]).in_subquery(old))
                    .take();
                Ok(w.tx.execute(&sweep).await?.rows_affected())
            })
        })
        .await;
    match swept {
        Ok(count) => Ok(count == BATCH),
        Err(Refused::Error(error)) => Err(error),
        Err(other) => Err(Error::internal(format!("keys were not swept: {other:?}"))),
    }
}
