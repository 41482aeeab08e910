//! The worldwide figures without reading all rows. Each server keeps the sums of VERIFIED and CLOSED requests in memory,
//! folded up to a place in the ledger below which every write has ended; a read adds what its own snapshot has beyond it.
//! So a figure is as exact as one summed from rows, no write ever waits for a sum, and nothing has to be kept in step.
//!
//! What the sums can't answer (other filters and dimensions, the past, a price that was changed) is summed from rows.

mod answer;
mod build;
mod cells;
mod codes;
mod cuts;
mod moved;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use entity::change_position as cp;
use sea_orm::sea_query::{Expr, Func, Query};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::sync::Mutex;

use crate::domain::actor::Actor;
use crate::error::Error;
use crate::store::needs::summary::cells::Cells;
use crate::store::needs::summary::codes::Codes;
use crate::store::needs::summary::cuts::Cuts;
use crate::store::needs::summary::moved::{Moved, Span, moved};
use crate::store::statements::in_background;
use crate::store::{Consistency, Store, fault};

pub(super) use answer::{Parts, answer, count};

/// Time between two looks at whether writes have ended.
const PACE: Duration = Duration::from_millis(200);

/// The sums in memory.
#[derive(Debug, Default)]
pub(in crate::store) struct Summary {
    folded: ArcSwapOption<Folded>,
    /// Held by the one who folds.
    folding: Mutex<()>,
}

impl Summary {
    /// The sums of a history, if there are any.
    pub(in crate::store) fn folded(&self, era: u64) -> Option<Arc<Folded>> {
        self.folded.load_full().filter(|folded| folded.era == era)
    }
}

/// Sums up to a place in the ledger.
#[derive(Debug)]
pub(in crate::store) struct Folded {
    /// The history that they are of: another one gives the same tickets to other writes.
    era: u64,
    /// Every write up to this ticket has ended and is in the cells; no other is.
    ticket: i64,
    codes: Arc<Codes>,
    cells: Cells,
    cuts: Arc<Cuts>,
}

/// Keeps the sums of `store` until `stop`.
pub async fn follow(store: Store, stop: impl Future<Output = ()>) {
    let follow = in_background(async {
        let mut horizon = Horizon::default();
        let mut head = store.feed().head();
        loop {
            head.mark_unchanged();
            match fold(&store, &mut horizon).await {
                Ok(()) => {}
                // Until it succeeds, reads add more, or sum rows.
                Err(error) => tracing::warn!(?error, "the summary can't be kept just now"),
            }
            tokio::time::sleep(PACE).await;
            if horizon.is_reached() && store.0.summary.folded(store.feed().era()).is_some() {
                // Whoever sends it lives as long as the store.
                let _ = head.changed().await;
            }
        }
    });
    tokio::select! {
        () = follow => {}
        () = stop => {}
    }
}

/// Brings the sums up to everything that was written before. False, and perhaps not so far, where a write is under way
/// somewhere.
///
/// # Errors
/// The database's.
pub async fn refresh(store: &Store) -> Result<bool, Error> {
    let mut horizon = Horizon::default();
    in_background(async {
        for _ in 0..2 {
            fold(store, &mut horizon).await?;
        }
        Ok(horizon.is_reached())
    })
    .await
}

/// Folds the sums up to where every write has ended by now.
async fn fold(store: &Store, horizon: &mut Horizon) -> Result<(), Error> {
    let Summary {
        folded: summary,
        folding,
    } = &store.0.summary;
    let _alone = folding.lock().await;
    let era = store.feed().era();
    if horizon.era != era {
        *horizon = Horizon {
            era,
            ..Horizon::default()
        };
    }
    let Some(ticket) = horizon.advance(store).await? else {
        return Ok(());
    };
    let folded = store.0.summary.folded(era);
    let reference = store.reference();
    let folded = folded.filter(|folded| folded.codes.fit(&reference));
    let next = match &folded {
        // Another may have looked later, and folded further: that is not taken back.
        Some(folded) if folded.ticket >= ticket => return Ok(()),
        Some(folded) => more(store, folded, ticket).await?,
        None => None,
    };
    let next = match next {
        Some(next) => Some(next),
        None => {
            summary.store(None);
            let reader = store.reader(Arc::new(Actor::system()), Consistency::Snapshot);
            reader.unhurried().await?;
            build::build(&reader, era, ticket).await?
        }
    };
    summary.store(next.map(Arc::new));
    Ok(())
}

/// The same sums up to a later place; none where differences can't tell it.
async fn more(store: &Store, folded: &Folded, ticket: i64) -> Result<Option<Folded>, Error> {
    let reader = store.reader(Arc::new(Actor::system()), Consistency::Snapshot);
    let span = Span {
        after: folded.ticket,
        upto: Some(ticket),
    };
    let Moved::By(difference) = moved(&reader, &folded.codes, span).await? else {
        return Ok(None);
    };
    let mut cells = folded.cells.clone();
    cells.add(&difference);
    Ok(Some(Folded {
        era: folded.era,
        ticket,
        codes: Arc::clone(&folded.codes),
        cells,
        cuts: match difference.is_empty() {
            true => Arc::clone(&folded.cuts),
            false => Arc::default(),
        },
    }))
}

/// Up to which ticket every write has ended. On PostgreSQL tickets are drawn before commit, so that is known only once
/// every transaction has ended that may have drawn one.
#[derive(Debug, Default)]
struct Horizon {
    era: u64,
    ended: Option<i64>,
    /// The last ticket that was drawn at a moment, and a number above those of all transactions that had drawn one.
    drawn: Option<(i64, i64)>,
}

impl Horizon {
    /// Whether nothing was under way when it last looked.
    fn is_reached(&self) -> bool {
        match self.drawn {
            Some((drawn, _)) => self.ended == Some(drawn),
            None => self.ended.is_some(),
        }
    }

    async fn advance(&mut self, store: &Store) -> Result<Option<i64>, Error> {
        if store.backend() != DbBackend::Postgres {
            // One writer: what is there has ended.
            let last = Query::select()
                .expr(Func::coalesce([
                    Func::max(Expr::col(cp::Column::Ticket)).into(),
                    Expr::val(0_i64),
                ]))
                .from(cp::Entity)
                .take();
            let row = store.0.read.query_one(&last).await.map_err(fault::error)?;
            let last = row
                .map(|row| row.try_get_by_index(0))
                .transpose()
                .map_err(fault::error)?;
            self.ended = last.or(Some(0));
            return Ok(self.ended);
        }
        let oldest_running = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
        if let Some((drawn, below)) = self.drawn {
            if number(store, oldest_running).await? < below {
                return Ok(self.ended);
            }
            self.ended = Some(drawn);
        }
        // In this order: whoever has drawn a ticket by the first statement has a number by the second. That is a number of
        // our own, since a snapshot's xmax is only above those that have ended: the youngest that runs may have it.
        let last = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM change_ticket";
        let drawn = number(store, last).await?;
        let above = "SELECT pg_current_xact_id()::text::bigint";
        self.drawn = Some((drawn, number(store, above).await?));
        Ok(self.ended)
    }
}

async fn number(store: &Store, sql: &str) -> Result<i64, Error> {
    let statement = Statement::from_string(DbBackend::Postgres, sql);
    let row = store.0.read.query_one_raw(statement).await.map_err(fault::error)?;
    let row = row.ok_or_else(|| Error::internal("no number of a transaction"))?;
    row.try_get_by_index(0).map_err(fault::error)
}
