//! Subscriptions.

use async_graphql::{Context, Subscription};
use futures_util::stream::{self, Stream, StreamExt};

use crate::graphql::context::request;
use crate::graphql::fault::Fault;

/// What can be followed.
#[derive(Default)]
pub struct LiveSubscription;

/// What can be followed.
#[Subscription(name = "Subscription")]
impl LiveSubscription {
    /// Counts, for trying a connection.
    async fn tick(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many numbers; below 0: without end.")] count: i32,
        #[graphql(desc = "Milliseconds between two.", default = 0)] every_ms: i32,
        #[graphql(desc = "Bytes that come with each.", default = 0)] bytes: i32,
    ) -> Result<impl Stream<Item = Tick> + use<>, Fault> {
        request(ctx)?;
        let pause = std::time::Duration::from_millis(u64::try_from(every_ms).unwrap_or_default());
        let padding = "x".repeat(usize::try_from(bytes).unwrap_or_default());
        let numbers = stream::iter(1..).take_while(move |number| {
            let on = count < 0 || *number <= count;
            async move { on }
        });
        Ok(numbers.then(move |number| {
            let padding = padding.clone();
            async move {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                Tick { number, padding }
            }
        }))
    }
}

/// One number of a count.
#[derive(async_graphql::SimpleObject)]
pub struct Tick {
    /// The number.
    number: i32,
    /// What was asked to come with it.
    padding: String,
}
