//! Reading rows where no span is current: the library takes the one that it finds along, and goes into it and out of it again twice
//! for each row.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use tracing::dispatcher::{Dispatch, with_default};

/// Time from which on a statement is surely not over when it is looked at for the first time.
const LOOK: Duration = Duration::from_millis(10);

/// Begins `rows` so, where statements are logged that take as long as `slow`. Nothing that is logged in the first moment is seen, so it
/// is begun as usual where a statement could be logged that is over by then.
pub(super) async fn begun<F: Future>(slow: Duration, rows: F) -> F::Output {
    if slow < LOOK || tracing::enabled!(target: "sqlx::query", tracing::Level::DEBUG) {
        return rows.await;
    }
    let (mut rows, mut is_first) = (pin!(rows), true);
    poll_fn(|context| match std::mem::take(&mut is_first) {
        true => with_default(&Dispatch::none(), || rows.as_mut().poll(context)),
        false => rows.as_mut().poll(context),
    })
    .await
}
