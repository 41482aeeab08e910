//! What of the requests an actor may see.

use entity::assistance_request as ar;
use entity::enums::RequestStatus;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{DynIden, Expr, ExprTrait};

use crate::domain::actor::Actor;
use crate::domain::rights::{Operation, scope};
use crate::store::condition::always;

/// What of the requests an actor may see. Whoever has an equal one sees the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Visible {
    everything: bool,
    submitted: bool,
    country: Option<String>,
}

impl Visible {
    pub(crate) fn to(actor: &Actor) -> Self {
        let drafts = scope(actor, Operation::ReadDraft);
        let submitted = scope(actor, Operation::ReadSubmitted);
        Self {
            everything: drafts.everything,
            submitted: submitted.everything,
            // Who sees a country's drafts sees its submitted requests too.
            country: drafts.country.or(submitted.country).map(Into::into),
        }
    }

    /// Whether a request is among it.
    pub(crate) fn sees(&self, request: &ar::Model) -> bool {
        self.everything
            || request.verified_at.is_some()
            || (self.submitted && request.status == RequestStatus::Submitted)
            || self.country.as_ref() == Some(&request.country_code)
    }

    /// The same as a condition; `table` is the requests' name in the statement.
    fn of(self, table: &DynIden) -> Expr {
        if self.everything {
            return always(true);
        }
        let mut visible = Expr::col((table.clone(), ar::Column::VerifiedAt)).is_not_null();
        if self.submitted {
            let status = Expr::col((table.clone(), ar::Column::Status));
            visible = visible.or(status.eq(RequestStatus::Submitted.to_value()));
        }
        if let Some(country) = self.country {
            visible = visible.or(Expr::col((table.clone(), ar::Column::CountryCode)).eq(country));
        }
        visible
    }
}

/// What of the requests `actor` may see; `table` is their table's name in the statement.
pub(crate) fn visible_request(actor: &Actor, table: &DynIden) -> Expr {
    Visible::to(actor).of(table)
}
