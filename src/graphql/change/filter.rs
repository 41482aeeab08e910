//! Which changes.

use async_graphql::{ID, InputObject};

use crate::domain::reference::Reference;
use crate::error::Error;
use crate::graphql::node::GlobalId;
use crate::graphql::scalar::{CountryCode, DateTime};
use crate::store::change;

/// GraphQL types whose changes the ledger records.
const SUBJECT_TYPES: [&str; 10] = [
    "AssistanceRequest",
    "RequestItem",
    "Contribution",
    "Delivery",
    "Country",
    "NeedCategory",
    "Commodity",
    "Unit",
    "Organization",
    "ApiKey",
];

/// Which changes. Every test that is given must hold.
#[derive(InputObject, Clone, Debug)]
pub struct ChangeFilter {
    /// Only changes of these GraphQL types: AssistanceRequest, RequestItem, Contribution, Delivery, Country,
    /// NeedCategory, Commodity, Unit, Organization, ApiKey.
    subject_types: Option<Vec<String>>,
    /// Only changes of the object with this id.
    subject_id: Option<ID>,
    /// Only changes of what belongs to this country: its requests, their items, contributions and deliveries.
    country: Option<CountryCode>,
    /// Only these actions: assistanceRequest.verified, say. New ones may come.
    actions: Option<Vec<String>>,
    /// Only changes that came into the feed at this moment or later.
    since: Option<DateTime>,
}

impl ChangeFilter {
    /// What the store asks.
    ///
    /// # Errors
    /// `BAD_USER_INPUT` for a type or a country that there is not.
    pub fn parse(filter: Option<Self>, reference: &Reference) -> Result<change::ChangeFilter, Error> {
        let Some(Self {
            subject_types,
            subject_id,
            country,
            actions,
            since,
        }) = filter
        else {
            return Ok(change::ChangeFilter::default());
        };
        let unknown = subject_types
            .iter()
            .flatten()
            .find(|kind| !SUBJECT_TYPES.contains(&kind.as_str()));
        if let Some(kind) = unknown {
            let known = SUBJECT_TYPES.join(", ");
            let message = format!("filter.subjectTypes: no changes are recorded of {kind}; they are of: {known}.");
            return Err(Error::BadUserInput(message));
        }
        let country = country.map(|CountryCode(code)| match reference.country(&code) {
            Some(known) => Ok(known.row.code.clone()),
            None => Err(Error::BadUserInput(format!(
                "filter.country: no country has the code {code}."
            ))),
        });
        Ok(change::ChangeFilter {
            subject_types,
            // An id of nothing is nobody's.
            subject: subject_id.map(|id| GlobalId::decode(&id).map_or_else(Default::default, |id| id.subject())),
            country: country.transpose()?,
            actions,
            since: since.map(|DateTime(at)| at),
        })
    }
}
