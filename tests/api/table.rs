//! "Who may see and do what" of the contract, told a second time and by hand: tests compare the server with this, never
//! with its own table.

use entity::enums::Role;

/// What the rows of the contract's table are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    Verified,
    Submitted,
    Draft,
    Contact,
    Confidential,
    WriteRequest,
    Review,
    WriteContribution,
    RecordDelivery,
    Administer,
}

/// How far a role's right goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Far {
    No,
    Country,
    Organization,
    Yes,
}

/// The columns: nobody's role (with anonymous reading on), READER, RESPONDER, FOCAL_POINT, COORDINATOR, ADMIN.
const TABLE: [(Row, [Far; 6]); 10] = {
    use Far::{Country, No, Organization, Yes};
    [
        (Row::Verified, [Yes, Yes, Yes, Yes, Yes, Yes]),
        (Row::Submitted, [No, No, Yes, Country, Yes, Yes]),
        (Row::Draft, [No, No, No, Country, Yes, Yes]),
        (Row::Contact, [No, No, Yes, Country, Yes, Yes]),
        (Row::Confidential, [No, No, Organization, Country, Yes, Yes]),
        (Row::WriteRequest, [No, No, No, Country, Yes, Yes]),
        (Row::Review, [No, No, No, No, Yes, Yes]),
        (Row::WriteContribution, [No, No, Organization, No, Yes, Yes]),
        (Row::RecordDelivery, [No, No, No, Country, Yes, Yes]),
        (Row::Administer, [No, No, No, No, No, Yes]),
    ]
};

/// Somebody who looks or writes.
#[derive(Clone, Debug)]
pub struct Viewer {
    pub roles: Vec<Role>,
    pub country: Option<&'static str>,
    pub organization: Option<&'static str>,
}

impl Viewer {
    /// Whether a right reaches what belongs to this country and organization; rights of several roles add up.
    pub fn may(&self, row: Row, country: Option<&str>, organization: Option<&str>) -> bool {
        let columns = TABLE.iter().find(|(name, _)| *name == row).unwrap().1;
        let own = |mine: Option<&str>, other: Option<&str>| mine.is_some() && mine == other;
        let reaches = |far: Far| match far {
            Far::No => false,
            Far::Country => own(self.country, country),
            Far::Organization => own(self.organization, organization),
            Far::Yes => true,
        };
        let column = |role: &Role| match role {
            Role::Reader => 1,
            Role::Responder => 2,
            Role::FocalPoint => 3,
            Role::Coordinator => 4,
            Role::Admin => 5,
        };
        let held = self.roles.iter().map(column).chain([0]);
        held.map(|column| columns[column]).any(reaches)
    }

    pub fn called(&self) -> String {
        format!("{:?} of {:?} {:?}", self.roles, self.country, self.organization)
    }
}

/// Those whom tests look for: roles, country, organization.
pub const VIEWERS: [(&[Role], Option<&str>, Option<&str>); 10] = [
    (&[], None, None),
    (&[Role::Reader], None, None),
    (&[Role::Responder], None, Some("WHO")),
    (&[Role::Responder], None, Some("UNICEF")),
    (&[Role::FocalPoint], Some("BGD"), None),
    (&[Role::FocalPoint], Some("KEN"), None),
    (&[Role::FocalPoint], Some("NGA"), None),
    (&[Role::FocalPoint, Role::Responder], Some("KEN"), Some("UNICEF")),
    (&[Role::Coordinator], None, None),
    (&[Role::Admin], None, None),
];

/// One of them, without a key.
pub fn viewer((roles, country, organization): (&[Role], Option<&'static str>, Option<&'static str>)) -> Viewer {
    Viewer {
        roles: roles.to_vec(),
        country,
        organization,
    }
}
