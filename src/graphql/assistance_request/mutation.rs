//! Mutations of requests: from the draft to the end, and in bulk.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use uuid::Uuid;

use crate::domain::import::{ImportOptions, RowOutcome};
use crate::domain::problem::{Path, Problem, ProblemCode, Problems};
use crate::domain::step::Step;
use crate::domain::text::{self, KEY_MAX};
use crate::graphql::assistance_request::input::{
    CreateAssistanceRequestInput, ImportAssistanceRequestRow, ImportAssistanceRequestsInput, RequestStepInput,
    UpdateAssistanceRequestInput, VerifyAssistanceRequestInput,
};
use crate::graphql::assistance_request::object::AssistanceRequest;
use crate::graphql::assistance_request::query::{Columns, as_left, find};
use crate::graphql::context::{mutation, reader};
use crate::graphql::fault::{Fallible, Fault, Nullable};
use crate::graphql::level::{Entry, Level};
use crate::graphql::node::request_id;
use crate::graphql::payload::{UserError, payload, selected, settle, user_errors};
use crate::store::assistance_request::{self, By};
use crate::store::{Consistency, Left, Object, Outcome, Reader};

/// Mutations of requests.
#[derive(Default)]
pub struct AssistanceRequestMutation;

payload!(
    /// What a mutation of a request answers.
    AssistanceRequestPayload,
    /// The request as it now is, also where userErrors says why it was not changed; null where there is none that the
    /// viewer may see.
    assistance_request: AssistanceRequest
);

/// What an import answers.
#[derive(SimpleObject)]
pub struct ImportAssistanceRequestsPayload {
    /// Rows that became new requests.
    created: i32,
    /// Rows that changed a request.
    updated: i32,
    /// Rows that say what their request says already.
    unchanged: i32,
    /// Rows that were refused.
    failed: i32,
    /// The request of each row, in their order; null for a row that failed, or would have become new in a dry run.
    assistance_requests: Vec<Option<AssistanceRequest>>,
    /// What is wrong with which row: `field` begins with `rows` and the row's number from 0.
    user_errors: Vec<UserError>,
}

/// The payload of a write: the request as the write left it, where that is all that is asked for, else as it is read anew within
/// the viewer's rights.
async fn answer(
    ctx: &Context<'_>,
    outcome: Outcome<Uuid>,
    named: Option<Uuid>,
    left: Left,
) -> Fallible<AssistanceRequestPayload> {
    let fields = selected(ctx, "assistanceRequest");
    let (id, user_errors) = match settle(outcome)? {
        Ok(id) => {
            if let Some(Object::Request(row, items)) = left.take()
                && let Some(request) = as_left(ctx, row, items, &fields)?
            {
                return Ok(AssistanceRequestPayload {
                    assistance_request: Some(request),
                    user_errors: Vec::new(),
                });
            }
            (Some(id), Vec::new())
        }
        Err(user_errors) => (named, user_errors),
    };
    let assistance_request = match id {
        Some(id) => find(ctx, &By::Id(id), &fields).await?,
        None => None,
    };
    Ok(AssistanceRequestPayload {
        assistance_request,
        user_errors,
    })
}

async fn take(ctx: &Context<'_>, step: Step, input: RequestStepInput) -> Fallible<AssistanceRequestPayload> {
    let call = mutation(ctx, step.mutation(), &input, &input.idempotency)?;
    let left = call.left();
    let (store, input) = (&call.request.store, input.step());
    let named = input.id;
    let take = |author| assistance_request::take(store, author, step, input);
    let outcome = call.write(take).await;
    answer(ctx, outcome, named, left).await
}

async fn create(ctx: &Context<'_>, input: CreateAssistanceRequestInput) -> Fallible<AssistanceRequestPayload> {
    let call = mutation(ctx, "createAssistanceRequest", &input, &input.idempotency)?;
    let left = call.left();
    let (request, submit, is_empty) = (call.request, input.submit, input.items.is_empty());
    let (form, reference) = (input.form(), request.store.reference());
    // Whoever may not write for a country is told so, whatever else is wrong.
    if let Some(country) = reference.country(&form.country) {
        assistance_request::check_country(&request.actor, &country.row.code).map_err(Fault)?;
    }
    let mut problems = Problems::default();
    let new = form.check(&reference, request.limits.items, &Path::Root, &mut problems);
    if submit && is_empty {
        problems.push(assistance_request::no_items());
    }
    let create = |author, new| assistance_request::create(&request.store, author, new, submit);
    let outcome = call.write_parsed(new, problems, create).await;
    answer(ctx, outcome, None, left).await
}

async fn update(ctx: &Context<'_>, input: UpdateAssistanceRequestInput) -> Fallible<AssistanceRequestPayload> {
    let call = mutation(ctx, Step::Update.mutation(), &input, &input.idempotency)?;
    let left = call.left();
    let (store, id, version) = (&call.request.store, request_id(&input.id), input.version);
    let update = |author, patch| assistance_request::update(store, author, id, version, patch);
    let (patch, problems) = input.patch();
    let outcome = call.write_parsed(Some(patch), problems, update).await;
    answer(ctx, outcome, id, left).await
}

async fn verify(ctx: &Context<'_>, input: VerifyAssistanceRequestInput) -> Fallible<AssistanceRequestPayload> {
    let call = mutation(ctx, Step::Verify.mutation(), &input, &input.idempotency)?;
    let left = call.left();
    let (store, (input, approvals)) = (&call.request.store, input.step());
    let named = input.id;
    let verify = |author| assistance_request::verify(store, author, input, approvals);
    let outcome = call.write(verify).await;
    answer(ctx, outcome, named, left).await
}

async fn import(ctx: &Context<'_>, input: ImportAssistanceRequestsInput) -> Fallible<ImportAssistanceRequestsPayload> {
    let call = mutation(ctx, "importAssistanceRequests", &input, &input.idempotency)?;
    let request = call.request;
    let ImportAssistanceRequestsInput {
        source,
        rows,
        submit,
        dry_run,
        idempotency: _,
    } = input;
    let options = ImportOptions {
        submit,
        verified: false,
        dry_run,
    };
    let mut problems = Problems::default();
    let source = text::required(&source, KEY_MAX, &Path::Root.field("source"), &mut problems);
    if rows.len() > request.limits.import_rows {
        let most = request.limits.import_rows;
        let message = format!("There are {} rows; an import takes at most {most}.", rows.len());
        problems.push(Problem::new(ProblemCode::TooMany, message).at("rows").with("max", most));
    }
    let is_small = rows.len() <= request.limits.import_rows;
    let form = |source: &str| {
        let form = |row: ImportAssistanceRequestRow| row.form(source);
        rows.into_iter().map(form).collect::<Vec<_>>()
    };
    let forms = match source {
        Some(source) if call.is_sound() => is_small.then(|| form(&source)),
        _ => {
            // Nothing is imported, but the rows may be wrong in themselves, of whatever source they are.
            let rows = if is_small { form("?") } else { Vec::new() };
            let reference = request.store.reference();
            for (index, row) in rows.iter().enumerate() {
                let mut of_row = Problems::default();
                row.form
                    .check(&reference, request.limits.items, &Path::Root, &mut of_row);
                let of_row = of_row.0.into_iter().map(|problem| problem.of_row(index));
                problems.0.extend(of_row);
            }
            None
        }
    };
    let import = |author, forms| assistance_request::import(&request.store, author, forms, options);
    let outcome = call.write_parsed(forms, problems, import).await;
    let outcomes = match settle(outcome)? {
        Ok(outcomes) => outcomes,
        Err(user_errors) => {
            return Ok(ImportAssistanceRequestsPayload {
                created: 0,
                updated: 0,
                unchanged: 0,
                failed: 0,
                assistance_requests: Vec::new(),
                user_errors,
            });
        }
    };
    summary(ctx, outcomes).await
}

/// Counts what became of the rows, and reads their requests.
async fn summary(ctx: &Context<'_>, outcomes: Vec<RowOutcome>) -> Fallible<ImportAssistanceRequestsPayload> {
    let count = |is: fn(&RowOutcome) -> bool| {
        i32::try_from(outcomes.iter().filter(|outcome| is(outcome)).count()).unwrap_or(i32::MAX)
    };
    let (created, updated) = (
        count(|one| matches!(one, RowOutcome::Created(_))),
        count(|one| matches!(one, RowOutcome::Updated(_))),
    );
    let (unchanged, failed) = (
        count(|one| matches!(one, RowOutcome::Unchanged(_))),
        count(|one| matches!(one, RowOutcome::Failed(_))),
    );
    let mut ids = Vec::with_capacity(outcomes.len());
    let mut all_errors = Vec::new();
    for (index, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            RowOutcome::Created(id) | RowOutcome::Updated(id) | RowOutcome::Unchanged(id) => ids.push(Some(id)),
            RowOutcome::Failed(mut problems) => {
                ids.push(None);
                problems.0 = problems.0.into_iter().map(|problem| problem.of_row(index)).collect();
                all_errors.extend(user_errors(problems));
            }
        }
    }
    let columns = Columns::of(selected(ctx, "assistanceRequests").into_iter());
    let assistance_requests = if ctx.look_ahead().field("assistanceRequests").exists() {
        each(reader(ctx, Consistency::Snapshot)?, &ids, &columns).await?
    } else {
        Vec::new()
    };
    Ok(ImportAssistanceRequestsPayload {
        created,
        updated,
        unchanged,
        failed,
        assistance_requests,
        user_errors: all_errors,
    })
}

/// The requests of these ids, in one level.
async fn each(
    reader: Arc<Reader>,
    ids: &[Option<Uuid>],
    columns: &Columns,
) -> Fallible<Vec<Option<AssistanceRequest>>> {
    let known: Vec<Uuid> = ids.iter().flatten().copied().collect();
    let read = assistance_request::by_ids(&reader, &known, &columns.0).await?;
    let mut places = HashMap::with_capacity(read.len());
    let mut rows = Vec::with_capacity(read.len());
    for (id, row) in read {
        places.insert(id, rows.len());
        rows.push(row);
    }
    let level = Level::new(reader, rows);
    Ok(ids
        .iter()
        .map(|id| {
            let index = places.get(id.as_ref()?)?;
            Some(AssistanceRequest(Entry::new(Arc::clone(&level), *index)))
        })
        .collect())
}

#[Object]
impl AssistanceRequestMutation {
    /// Creates a request of a country as DRAFT, or hands it in at once. For focal points of the country, coordinators
    /// and administrators.
    async fn create_assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The request.")] input: CreateAssistanceRequestInput,
    ) -> Nullable<AssistanceRequestPayload> {
        Some(create(ctx, input).await)
    }

    /// Changes what was entered: everything in DRAFT and RETURNED; in VERIFIED description, neededBy and contact, and
    /// for coordinators and administrators title, priority and peopleInNeed.
    async fn update_assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes.")] input: UpdateAssistanceRequestInput,
    ) -> Nullable<AssistanceRequestPayload> {
        Some(update(ctx, input).await)
    }

    /// Hands a DRAFT or RETURNED request in for review. It has at least one item, and no retired code.
    async fn submit_assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request.")] input: RequestStepInput,
    ) -> Nullable<AssistanceRequestPayload> {
        Some(take(ctx, Step::Submit, input).await)
    }

    /// Takes a request back. A reason is required.
    async fn withdraw_assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request, and why.")] input: RequestStepInput,
    ) -> Nullable<AssistanceRequestPayload> {
        Some(take(ctx, Step::Withdraw, input).await)
    }

    /// Ends a VERIFIED request. A reason is required unless all is delivered.
    async fn close_assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request, and why.")] input: RequestStepInput,
    ) -> Nullable<AssistanceRequestPayload> {
        Some(take(ctx, Step::Close, input).await)
    }

    /// Says that the need still stands: sets confirmedAt. Open while SUBMITTED or VERIFIED.
    async fn confirm_assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request.")] input: RequestStepInput,
    ) -> Nullable<AssistanceRequestPayload> {
        Some(take(ctx, Step::Confirm, input).await)
    }

    /// Approves a SUBMITTED request, so that everybody sees it; or changes approvals of a VERIFIED one. For
    /// coordinators and administrators, never for what one created or submitted oneself.
    async fn verify_assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request, and what of it.")] input: VerifyAssistanceRequestInput,
    ) -> Nullable<AssistanceRequestPayload> {
        Some(verify(ctx, input).await)
    }

    /// Sends a SUBMITTED request back to be mended. A reason is required. For coordinators and administrators, never
    /// for what one created or submitted oneself.
    async fn return_assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request, and why.")] input: RequestStepInput,
    ) -> Nullable<AssistanceRequestPayload> {
        Some(take(ctx, Step::Return, input).await)
    }

    /// Refuses a SUBMITTED request. A reason is required. For coordinators and administrators, never for what one
    /// created or submitted oneself.
    async fn reject_assistance_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request, and why.")] input: RequestStepInput,
    ) -> Nullable<AssistanceRequestPayload> {
        Some(take(ctx, Step::Reject, input).await)
    }

    /// Bulk upsert by (source, externalId): each row lands or fails on its own, with its row number in userErrors;
    /// dryRun changes nothing. For focal points, rows of their own country.
    async fn import_assistance_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The source and its rows.")] input: ImportAssistanceRequestsInput,
    ) -> Nullable<ImportAssistanceRequestsPayload> {
        Some(import(ctx, input).await)
    }
}
