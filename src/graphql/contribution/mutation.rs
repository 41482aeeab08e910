//! Mutations of contributions: from the pledge to the last delivery.

use async_graphql::{Context, Object};
use uuid::Uuid;

use crate::domain::contribution::ContributionStep;
use crate::domain::problem::Problems;
use crate::graphql::context::{mutation, reader};
use crate::graphql::contribution::input::{
    ContributionStepInput, CreateContributionInput, RecordDeliveryInput, UpdateContributionInput, VoidDeliveryInput,
};
use crate::graphql::contribution::object::{Contribution, columns};
use crate::graphql::contribution::query::{consistency, find};
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::level::Entry;
use crate::graphql::node::{contribution_id, delivery_id, item_id};
use crate::graphql::payload::{payload, selected, settle};
use crate::store::contribution::{self, By};
use crate::store::{Consistency, Left, Object, Outcome};

/// Mutations of contributions.
#[derive(Default)]
pub struct ContributionMutation;

payload!(
    /// What a mutation of a contribution answers.
    ContributionPayload,
    /// The contribution as it now is, also where userErrors says why it was not changed; null where there is none that
    /// the viewer may see.
    contribution: Contribution
);

/// The payload of a write: the contribution as the write left it, where that is all that is asked for, else as it is read anew
/// within the viewer's rights.
async fn answer(
    ctx: &Context<'_>,
    outcome: Outcome<Uuid>,
    named: Option<Uuid>,
    left: Left,
) -> Fallible<ContributionPayload> {
    let fields = selected(ctx, "contribution");
    let consistency = consistency(fields.iter());
    let (id, user_errors) = match settle(outcome)? {
        Ok(id) => {
            let left = left.take().filter(|_| consistency == Consistency::Statement);
            if let Some(Object::Contribution(row)) = left {
                let reader = reader(ctx, consistency)?;
                return Ok(ContributionPayload {
                    contribution: Some(Contribution(Entry::alone(reader, row))),
                    user_errors: Vec::new(),
                });
            }
            (Some(id), Vec::new())
        }
        Err(user_errors) => (named, user_errors),
    };
    let columns = columns(fields.into_iter());
    let contribution = match id {
        Some(id) => find(reader(ctx, consistency)?, &By::Id(id), &columns).await?,
        None => None,
    };
    Ok(ContributionPayload {
        contribution,
        user_errors,
    })
}

async fn create(ctx: &Context<'_>, input: CreateContributionInput) -> Fallible<ContributionPayload> {
    let call = mutation(ctx, "createContribution", &input, &input.idempotency)?;
    let left = call.left();
    let (store, item) = (&call.request.store, item_id(&input.item));
    let mut problems = Problems::default();
    let new = input.form().check(&store.reference(), &mut problems);
    let create = |author, new| contribution::create(store, author, item, new);
    let outcome = call.write_parsed(new, problems, create).await;
    answer(ctx, outcome, None, left).await
}

async fn update(ctx: &Context<'_>, input: UpdateContributionInput) -> Fallible<ContributionPayload> {
    let call = mutation(ctx, ContributionStep::Update.mutation(), &input, &input.idempotency)?;
    let left = call.left();
    let (store, id, version) = (&call.request.store, contribution_id(&input.id), input.version);
    let update = |author, patch| contribution::update(store, author, id, version, patch);
    let (patch, problems) = input.patch();
    let outcome = call.write_parsed(Some(patch), problems, update).await;
    answer(ctx, outcome, id, left).await
}

async fn take(
    ctx: &Context<'_>,
    step: ContributionStep,
    input: ContributionStepInput,
) -> Fallible<ContributionPayload> {
    let call = mutation(ctx, step.mutation(), &input, &input.idempotency)?;
    let left = call.left();
    let (store, input) = (&call.request.store, input.step());
    let named = input.id;
    let outcome = call
        .write(|author| contribution::take(store, author, step, input))
        .await;
    answer(ctx, outcome, named, left).await
}

async fn record(ctx: &Context<'_>, input: RecordDeliveryInput) -> Fallible<ContributionPayload> {
    let step = ContributionStep::RecordDelivery;
    let call = mutation(ctx, step.mutation(), &input, &input.idempotency)?;
    let left = call.left();
    let (store, named) = (&call.request.store, contribution_id(input.id()));
    let record = |author, delivery| contribution::record_delivery(store, author, delivery);
    let (delivery, problems) = input.delivery();
    let outcome = call.write_parsed(Some(delivery), problems, record).await;
    answer(ctx, outcome, named, left).await
}

async fn void(ctx: &Context<'_>, input: VoidDeliveryInput) -> Fallible<ContributionPayload> {
    let step = ContributionStep::VoidDelivery;
    let call = mutation(ctx, step.mutation(), &input, &input.idempotency)?;
    let left = call.left();
    let VoidDeliveryInput {
        id,
        version,
        reason,
        idempotency: _,
    } = input;
    let (store, delivery) = (&call.request.store, delivery_id(&id));
    let void = |author| contribution::void_delivery(store, author, delivery, version, reason);
    let outcome = call.write(void).await;
    // What was done is not told as failed because this could not be read.
    let named = match delivery.filter(|_| outcome.is_err()) {
        Some(delivery) => contribution_of(ctx, delivery).await?,
        None => None,
    };
    answer(ctx, outcome, named, left).await
}

/// The contribution of a delivery that the viewer may see.
async fn contribution_of(ctx: &Context<'_>, delivery: Uuid) -> Fallible<Option<Uuid>> {
    let reader = reader(ctx, Consistency::Statement)?;
    let columns = [entity::delivery::Column::ContributionId];
    let found = contribution::deliveries_by_ids(&reader, &[delivery], &columns).await?;
    Ok(found
        .get(&delivery)
        .map(|row| row.contribution_id().copied())
        .transpose()?)
}

#[Object]
impl ContributionMutation {
    /// Pledges or commits towards an item of a VERIFIED request. For responders of the organization, coordinators and
    /// administrators.
    async fn create_contribution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The contribution.")] input: CreateContributionInput,
    ) -> Nullable<ContributionPayload> {
        Some(create(ctx, input).await)
    }

    /// Changes what was entered, in PLEDGED, COMMITTED and IN_TRANSIT.
    async fn update_contribution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes.")] input: UpdateContributionInput,
    ) -> Nullable<ContributionPayload> {
        Some(update(ctx, input).await)
    }

    /// Commits what was pledged: OVER_COMMITTED where less than that is uncovered.
    async fn commit_contribution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which contribution, and when.")] input: ContributionStepInput,
    ) -> Nullable<ContributionPayload> {
        Some(take(ctx, ContributionStep::Commit, input).await)
    }

    /// Ships what was committed.
    async fn ship_contribution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which contribution, and when.")] input: ContributionStepInput,
    ) -> Nullable<ContributionPayload> {
        Some(take(ctx, ContributionStep::Ship, input).await)
    }

    /// Calls a contribution off, as long as nothing was received. A reason is required.
    async fn cancel_contribution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which contribution, and why.")] input: ContributionStepInput,
    ) -> Nullable<ContributionPayload> {
        Some(take(ctx, ContributionStep::Cancel, input).await)
    }

    /// Records a part that was received, accepted or refused; the last one makes the contribution DELIVERED. For focal
    /// points of the receiving country, coordinators and administrators.
    async fn record_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The part.")] input: RecordDeliveryInput,
    ) -> Nullable<ContributionPayload> {
        Some(record(ctx, input).await)
    }

    /// Takes back a delivery that was recorded by mistake; everything moves back. For whoever may record it.
    async fn void_delivery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which delivery, and what the mistake was.")] input: VoidDeliveryInput,
    ) -> Nullable<ContributionPayload> {
        Some(void(ctx, input).await)
    }
}
