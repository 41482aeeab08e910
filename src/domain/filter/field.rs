//! What can be asked of each noun.

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::{
    ContributionStatus, Fulfilment, IncomeGroup, ItemKind, NamStatus, NeedDomain, OrganizationKind, Priority,
    RequestStatus, WhoRegion,
};

use crate::domain::filter::{Choice, Filter, Ordered, Related, Text};

/// What can be asked of a country.
#[derive(Clone, Debug, PartialEq)]
pub enum CountryField {
    /// Alpha-3 code.
    Code(Choice<String>),
    /// Name in any language.
    Name(Text),
    /// WHO region.
    WhoRegion(Choice<WhoRegion>),
    /// UN region.
    UnRegion(Text),
    /// UN subregion.
    UnSubregion(Text),
    /// Income group.
    IncomeGroup(Choice<IncomeGroup>),
    /// Standing in the Movement now.
    NamStatus(Choice<NamStatus>),
    /// Persons.
    Population(Ordered<i32>),
    /// Its requests that the viewer may see.
    AssistanceRequests(Related<RequestField>),
}

/// What can be asked of a category.
#[derive(Clone, Debug, PartialEq)]
pub enum CategoryField {
    /// Code.
    Code(Text),
    /// This category or any below it.
    Under(String),
    /// Name in any language.
    Name(Text),
    /// Domain.
    Domain(Choice<NeedDomain>),
    /// IASC sector.
    IascSector(Text),
    /// Directly below this one.
    Parent(String),
    /// Has no parent.
    IsRoot(bool),
    /// Not retired.
    Active(bool),
}

/// What can be asked of a commodity.
#[derive(Clone, Debug, PartialEq)]
pub enum CommodityField {
    /// Code.
    Code(Text),
    /// Name in any language.
    Name(Text),
    /// Its category.
    Category(Filter<CategoryField>),
    /// Not retired.
    Active(bool),
}

/// What can be asked of an organization.
#[derive(Clone, Debug, PartialEq)]
pub enum OrganizationField {
    /// Code.
    Code(Text),
    /// Name.
    Name(Text),
    /// Kind.
    Kind(Choice<OrganizationKind>),
    /// Where its headquarters are.
    Country(Filter<CountryField>),
    /// Not retired.
    Active(bool),
}

/// What can be asked of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestField {
    /// Reference.
    Reference(Text),
    /// Title.
    Title(Text),
    /// Every word of this stands in title or description.
    Text(String),
    /// Status.
    Status(Choice<RequestStatus>),
    /// Priority.
    Priority(Choice<Priority>),
    /// How far it is met.
    Fulfilment(Choice<Fulfilment>),
    /// VERIFIED, and last confirmed before this moment; or not so.
    Stale(bool),
    /// Its country.
    Country(Filter<CountryField>),
    /// Its items.
    Items(Related<ItemField>),
    /// Contributions to its items.
    Contributions(Related<ContributionField>),
    /// Day by which it is needed.
    NeededBy(Ordered<NaiveDate>),
    /// Persons.
    PeopleInNeed(Ordered<i32>),
    /// System of record.
    Source(Text),
    /// Id there.
    ExternalId(Text),
    /// When it was made.
    CreatedAt(Ordered<DateTime<Utc>>),
    /// When it was last changed.
    UpdatedAt(Ordered<DateTime<Utc>>),
    /// When it was last submitted.
    SubmittedAt(Ordered<DateTime<Utc>>),
    /// When it was verified.
    VerifiedAt(Ordered<DateTime<Utc>>),
}

/// What can be asked of an item.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemField {
    /// Its request.
    Request(Filter<RequestField>),
    /// Kind.
    Kind(Choice<ItemKind>),
    /// Its category.
    Category(Filter<CategoryField>),
    /// Its commodity; false where it has none.
    Commodity(Filter<CommodityField>),
    /// Requested quantity, in thousandths.
    Quantity(Ordered<i64>),
    /// What a donor can still take, in thousandths.
    Uncovered(Ordered<i64>),
    /// What is not yet in hands, in thousandths.
    Unmet(Ordered<i64>),
    /// Unit cost, in ten-thousandths of a US dollar.
    UnitCost(Ordered<i64>),
    /// Contributions to it.
    Contributions(Related<ContributionField>),
}

/// What can be asked of a contribution.
#[derive(Clone, Debug, PartialEq)]
pub enum ContributionField {
    /// System of record.
    Source(Text),
    /// Id there.
    ExternalId(Text),
    /// Status.
    Status(Choice<ContributionStatus>),
    /// Who gives.
    Organization(Filter<OrganizationField>),
    /// The request of its item.
    Request(Filter<RequestField>),
    /// Its item.
    Item(Filter<ItemField>),
    /// Quantity, in thousandths.
    Quantity(Ordered<i64>),
    /// Day on which it is expected.
    ExpectedOn(Ordered<NaiveDate>),
    /// Day on which the last part was received.
    DeliveredOn(Ordered<NaiveDate>),
    /// When it was last changed.
    UpdatedAt(Ordered<DateTime<Utc>>),
}
