//! Enums that are a column's values and the schema's at once. Texts in the database equal the names clients see;
//! `Priority` is a number there, so that an index orders it by urgency.

use async_graphql::Enum;
use sea_orm::entity::prelude::*;

/// A language in which names and texts are kept. Names fall back to English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Locale {
    /// English.
    #[sea_orm(string_value = "EN")]
    En,
    /// French.
    #[sea_orm(string_value = "FR")]
    Fr,
    /// Spanish.
    #[sea_orm(string_value = "ES")]
    Es,
    /// Arabic.
    #[sea_orm(string_value = "AR")]
    Ar,
}

/// A region of the World Health Organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum WhoRegion {
    /// African Region.
    #[sea_orm(string_value = "AFRO")]
    Afro,
    /// Region of the Americas.
    #[sea_orm(string_value = "AMRO")]
    Amro,
    /// Eastern Mediterranean Region.
    #[sea_orm(string_value = "EMRO")]
    Emro,
    /// European Region.
    #[sea_orm(string_value = "EURO")]
    Euro,
    /// South-East Asia Region.
    #[sea_orm(string_value = "SEARO")]
    Searo,
    /// Western Pacific Region.
    #[sea_orm(string_value = "WPRO")]
    Wpro,
}

/// The World Bank's income group of an economy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum IncomeGroup {
    /// Low income.
    #[sea_orm(string_value = "LOW")]
    Low,
    /// Lower middle income.
    #[sea_orm(string_value = "LOWER_MIDDLE")]
    LowerMiddle,
    /// Upper middle income.
    #[sea_orm(string_value = "UPPER_MIDDLE")]
    UpperMiddle,
    /// High income.
    #[sea_orm(string_value = "HIGH")]
    High,
}

/// A State's standing in the Non-Aligned Movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum NamStatus {
    /// A member State.
    #[sea_orm(string_value = "MEMBER")]
    Member,
    /// An observer State.
    #[sea_orm(string_value = "OBSERVER")]
    Observer,
    /// Neither member nor observer.
    #[sea_orm(string_value = "NONE")]
    None,
}

/// The kind of need at the root of the category tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum NeedDomain {
    /// Prevention, detection and treatment of disease.
    #[sea_orm(string_value = "MEDICAL")]
    Medical,
    /// Income, education, protection of vulnerable groups and basic services.
    #[sea_orm(string_value = "SOCIAL")]
    Social,
    /// Life-saving relief and protection in emergencies and displacement.
    #[sea_orm(string_value = "HUMANITARIAN")]
    Humanitarian,
}

/// What an organization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))")]
pub enum OrganizationKind {
    /// An agency, programme or fund of the United Nations.
    #[sea_orm(string_value = "UN_AGENCY")]
    UnAgency,
    /// Another body founded by States.
    #[sea_orm(string_value = "INTERGOVERNMENTAL")]
    Intergovernmental,
    /// A government or one of its agencies.
    #[sea_orm(string_value = "GOVERNMENT")]
    Government,
    /// A non-governmental organization.
    #[sea_orm(string_value = "NGO")]
    Ngo,
    /// A part of the Red Cross and Red Crescent Movement.
    #[sea_orm(string_value = "RED_CROSS")]
    RedCross,
    /// A pooled or global fund.
    #[sea_orm(string_value = "FUND")]
    Fund,
    /// A company or private foundation.
    #[sea_orm(string_value = "PRIVATE")]
    Private,
    /// A university or research institute.
    #[sea_orm(string_value = "ACADEMIC")]
    Academic,
}

/// How urgent a request is. Ascending order runs from LOW to CRITICAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Priority {
    /// Can wait for a regular procurement.
    #[sea_orm(num_value = 1)]
    Low,
    /// Needed within the planned period.
    #[sea_orm(num_value = 2)]
    Medium,
    /// Services suffer without it.
    #[sea_orm(num_value = 3)]
    High,
    /// Lives are lost without it.
    #[sea_orm(num_value = 4)]
    Critical,
}

/// Where a request stands in the workflow that people decide; how much of it is met is `fulfilment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum RequestStatus {
    /// Being written by its country; can be edited, then submitted.
    #[sea_orm(string_value = "DRAFT")]
    Draft,
    /// Handed in for review.
    #[sea_orm(string_value = "SUBMITTED")]
    Submitted,
    /// Sent back by the reviewer with a reason; can be edited and submitted again.
    #[sea_orm(string_value = "RETURNED")]
    Returned,
    /// Reviewed and approved: visible to everybody, open to contributions.
    #[sea_orm(string_value = "VERIFIED")]
    Verified,
    /// Finished.
    #[sea_orm(string_value = "CLOSED")]
    Closed,
    /// Refused by the reviewer with a reason.
    #[sea_orm(string_value = "REJECTED")]
    Rejected,
    /// Taken back by its country.
    #[sea_orm(string_value = "WITHDRAWN")]
    Withdrawn,
}

/// What kind of help an item asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum ItemKind {
    /// Things: supplies, equipment, medicines.
    #[sea_orm(string_value = "GOODS")]
    Goods,
    /// Money, in US dollars.
    #[sea_orm(string_value = "FUNDING")]
    Funding,
    /// People: staff, teams.
    #[sea_orm(string_value = "PERSONNEL")]
    Personnel,
    /// Services, such as transport or training.
    #[sea_orm(string_value = "SERVICE")]
    Service,
}

/// Where a contribution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum ContributionStatus {
    /// Intended; it reserves nothing.
    #[sea_orm(string_value = "PLEDGED")]
    Pledged,
    /// Promised; nobody else can take this part of the need.
    #[sea_orm(string_value = "COMMITTED")]
    Committed,
    /// On its way, or received in part.
    #[sea_orm(string_value = "IN_TRANSIT")]
    InTransit,
    /// All of it was received, accepted or refused.
    #[sea_orm(string_value = "DELIVERED")]
    Delivered,
    /// Called off before anything was received.
    #[sea_orm(string_value = "CANCELLED")]
    Cancelled,
}

/// How far a request is met: derived from its items' quantities, never set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))")]
pub enum Fulfilment {
    /// Nobody has committed anything.
    #[sea_orm(string_value = "UNMET")]
    Unmet,
    /// Something is committed or on its way.
    #[sea_orm(string_value = "PARTLY_COMMITTED")]
    PartlyCommitted,
    /// Nothing is uncovered.
    #[sea_orm(string_value = "COMMITTED")]
    Committed,
    /// Something was delivered.
    #[sea_orm(string_value = "PARTLY_DELIVERED")]
    PartlyDelivered,
    /// Nothing is unmet.
    #[sea_orm(string_value = "DELIVERED")]
    Delivered,
}

/// What a principal may do. Several can be held at once; their rights add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Role {
    /// Runs the server: everything, reference data and API keys included.
    #[sea_orm(string_value = "ADMIN")]
    Admin,
    /// Reviews requests and sees everything.
    #[sea_orm(string_value = "COORDINATOR")]
    Coordinator,
    /// Speaks for one country: writes its requests.
    #[sea_orm(string_value = "FOCAL_POINT")]
    FocalPoint,
    /// Speaks for one organization that gives assistance.
    #[sea_orm(string_value = "RESPONDER")]
    Responder,
    /// Reads what is public.
    #[sea_orm(string_value = "READER")]
    Reader,
}

/// Who can see what a change is about, the fewest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))")]
pub enum Seen {
    /// Nobody: it is not there.
    #[sea_orm(string_value = "NOBODY")]
    Nobody,
    /// Whoever manages API keys.
    #[sea_orm(string_value = "KEYS")]
    Keys,
    /// Whoever reads drafts of its country.
    #[sea_orm(string_value = "DRAFT")]
    Draft,
    /// Whoever reads submitted requests of its country.
    #[sea_orm(string_value = "SUBMITTED")]
    Submitted,
    /// Whoever reads what is public.
    #[sea_orm(string_value = "PUBLIC")]
    Public,
}
