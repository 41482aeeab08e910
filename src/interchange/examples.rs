//! A few contributions to the forecast of protective equipment, so that every view has something to show. They are
//! nobody's real pledge, and their source says so wherever they are shown; `EXAMPLES=false` leaves them out.

use std::sync::Arc;

use chrono::NaiveDate;
use entity::request_item::Column;
use uuid::Uuid;

use crate::domain::actor::Actor;
use crate::domain::assistance_request::Origin;
use crate::domain::contribution::{ContributionStep, NewContribution};
use crate::domain::filter::{Choice, CommodityField, CountryField, Filter, ItemField, RequestField, Text};
use crate::error::Error;
use crate::store::contribution::{NewDelivery, StepInput};
use crate::store::page::{Arguments, Paging};
use crate::store::{Consistency, Outcome, Store, contribution, request_item};

/// The source of every example.
pub const SOURCE: &str = "EXAMPLE: nobody's real pledge";

/// How far an example goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Pledged,
    Committed,
    Shipped,
    PartlyDelivered,
    Delivered,
}

/// Country, commodity, organization, share of the need in per cent, and how far it goes.
const EXAMPLES: [(&str, &str, &str, i64, Stage); 8] = [
    ("BGD", "GLOVES_EXAM", "WHO", 40, Stage::Delivered),
    ("BGD", "GLOVES_EXAM", "UNICEF", 25, Stage::Committed),
    ("KEN", "MASK_MEDICAL_HCW", "AFRICA_CDC", 60, Stage::PartlyDelivered),
    ("KEN", "GOWN_PROTECTIVE", "WHO", 30, Stage::Shipped),
    ("NGA", "HANDRUB_ALCOHOL", "UNOPS", 50, Stage::Committed),
    ("UGA", "GLOVES_EXAM", "NAM_CHAIR", 20, Stage::Pledged),
    ("PER", "GOGGLES_PROTECTIVE", "PAHO", 100, Stage::Delivered),
    ("IDN", "MASK_MEDICAL_HCW", "AHA_CENTRE", 35, Stage::Shipped),
];

/// Makes the examples; those that are there stay as they are.
///
/// # Errors
/// The database's, and any rule that an example breaks.
pub async fn load(store: &Store) -> Outcome<usize> {
    let mut made = 0;
    for (index, (country, commodity, organization, share, stage)) in EXAMPLES.into_iter().enumerate() {
        let Some((item, quantity)) = find(store, country, commodity).await? else {
            continue;
        };
        let origin = Origin {
            source: SOURCE.into(),
            external_id: format!("EXAMPLE-{}", index + 1),
        };
        if is_there(store, &origin).await? {
            continue;
        }
        // Whole units only: a third of a mask looks wrong even in an example.
        let quantity = (quantity / 1_000 * share / 100).max(1) * 1_000;
        let new = NewContribution {
            organization: organization.into(),
            quantity_milli: quantity,
            committed: stage > Stage::Pledged,
            value_usd_e4: None,
            expected_on: None,
            note: Some("An example, nobody's real pledge.".into()),
            origin: Some(origin),
        };
        let id = contribution::create(store, actor(), Some(item), new).await?;
        advance(store, id, quantity, stage).await?;
        made += 1;
    }
    Ok(made)
}

fn actor() -> Arc<Actor> {
    Arc::new(Actor::import("EXAMPLE"))
}

/// The item of a country's forecast for a commodity, and its base in thousandths.
async fn find(store: &Store, country: &str, commodity: &str) -> Result<Option<(Uuid, i64)>, Error> {
    let country = Filter::Is(CountryField::Code(Choice::Eq(country.into())));
    let of_forecast = Filter::All(vec![
        Filter::Is(RequestField::Country(country)),
        Filter::Is(RequestField::Source(Text::starting_with("WHO-ESFT"))),
    ]);
    let filter = Filter::All(vec![
        Filter::Is(ItemField::Request(of_forecast)),
        Filter::Is(ItemField::Commodity(Filter::Is(CommodityField::Code(Text::Eq(
            commodity.into(),
        ))))),
    ]);
    let paging = Paging::new(&Arguments::default(), 1, 1, "example", "", "")?;
    let reader = store.reader(actor(), Consistency::Statement);
    let columns = [Column::Id, Column::QuantityMilli];
    let page = request_item::page(&reader, &filter, &[], &paging, &columns, false).await?;
    page.rows
        .first()
        .map(|(row, _)| Ok((*row.id()?, *row.quantity_milli()?)))
        .transpose()
}

async fn is_there(store: &Store, origin: &Origin) -> Result<bool, Error> {
    let reader = store.reader(actor(), Consistency::Statement);
    let by = contribution::By::Origin(origin.clone());
    Ok(contribution::find(&reader, &by, &[]).await?.is_some())
}

async fn advance(store: &Store, id: Uuid, quantity: i64, stage: Stage) -> Outcome<()> {
    let today: NaiveDate = store.now().date_naive();
    if stage >= Stage::Shipped {
        let ship = StepInput {
            id: Some(id),
            version: 1,
            on: None,
            tracking_reference: Some("EXAMPLE".into()),
            reason: None,
        };
        contribution::take(store, actor(), ContributionStep::Ship, ship).await?;
    }
    if stage >= Stage::PartlyDelivered {
        let received = if stage == Stage::Delivered {
            quantity
        } else {
            quantity / 2_000 * 1_000
        };
        let delivery = NewDelivery {
            contribution: Some(id),
            version: 2,
            accepted_milli: received,
            rejected_milli: 0,
            reject_reason: None,
            on: today,
            note: None,
        };
        contribution::record_delivery(store, actor(), delivery).await?;
    }
    Ok(())
}
