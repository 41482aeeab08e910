//! Ids that are opaque, stable and carry their type.

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

/// What an id stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GlobalId {
    /// A country by its alpha-3 code.
    Country(String),
    /// A category by its code.
    NeedCategory(String),
    /// A commodity by its code.
    Commodity(String),
    /// An organization by its code.
    Organization(String),
    /// A request.
    AssistanceRequest(Uuid),
    /// An item of a request.
    RequestItem(Uuid),
    /// A contribution.
    Contribution(Uuid),
    /// A delivery.
    Delivery(Uuid),
    /// An API key.
    ApiKey(Uuid),
    /// A unit by its code. It has an id in the ledger only, and is no node.
    Unit(String),
    /// A change by its place.
    Change(i64),
}

impl GlobalId {
    /// The id as clients see it: a letter for the type and the key, in base64.
    pub fn encode(&self) -> ID {
        let place = match self {
            Self::Change(sequence) => sequence.to_be_bytes(),
            _ => [0; 8],
        };
        let (tag, key) = match self {
            Self::Country(code) => (b'c', code.as_bytes()),
            Self::NeedCategory(code) => (b'n', code.as_bytes()),
            Self::Commodity(code) => (b'm', code.as_bytes()),
            Self::Organization(code) => (b'o', code.as_bytes()),
            Self::AssistanceRequest(id) => (b'r', id.as_bytes().as_slice()),
            Self::RequestItem(id) => (b'i', id.as_bytes().as_slice()),
            Self::Contribution(id) => (b't', id.as_bytes().as_slice()),
            Self::Delivery(id) => (b'd', id.as_bytes().as_slice()),
            Self::ApiKey(id) => (b'k', id.as_bytes().as_slice()),
            Self::Unit(code) => (b'u', code.as_bytes()),
            Self::Change(_) => (b'h', place.as_slice()),
        };
        let mut bytes = Vec::with_capacity(key.len() + 1);
        bytes.push(tag);
        bytes.extend_from_slice(key);
        ID(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What the id stands for; none where it is none of ours.
    pub fn decode(id: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
        let (tag, key) = bytes.split_first()?;
        let code = || String::from_utf8(key.to_vec()).ok();
        let uuid = || Uuid::from_slice(key).ok();
        match tag {
            b'c' => code().map(Self::Country),
            b'n' => code().map(Self::NeedCategory),
            b'm' => code().map(Self::Commodity),
            b'o' => code().map(Self::Organization),
            b'r' => uuid().map(Self::AssistanceRequest),
            b'i' => uuid().map(Self::RequestItem),
            b't' => uuid().map(Self::Contribution),
            b'd' => uuid().map(Self::Delivery),
            b'k' => uuid().map(Self::ApiKey),
            b'u' => code().map(Self::Unit),
            b'h' => key.try_into().ok().map(|place| Self::Change(i64::from_be_bytes(place))),
            _ => None,
        }
    }
}

impl GlobalId {
    /// The id of what a change is about; none for a type that this program does not know.
    pub fn of_subject(kind: &str, key: &str) -> Option<Self> {
        let uuid = || Uuid::parse_str(key).ok();
        Some(match kind {
            "Country" => Self::Country(key.into()),
            "NeedCategory" => Self::NeedCategory(key.into()),
            "Commodity" => Self::Commodity(key.into()),
            "Organization" => Self::Organization(key.into()),
            "Unit" => Self::Unit(key.into()),
            "AssistanceRequest" => Self::AssistanceRequest(uuid()?),
            "RequestItem" => Self::RequestItem(uuid()?),
            "Contribution" => Self::Contribution(uuid()?),
            "Delivery" => Self::Delivery(uuid()?),
            "ApiKey" => Self::ApiKey(uuid()?),
            _ => return None,
        })
    }

    /// The type and the key under which the ledger knows it.
    pub fn subject(&self) -> (String, String) {
        let (kind, key) = match self {
            Self::Country(code) => ("Country", code.clone()),
            Self::NeedCategory(code) => ("NeedCategory", code.clone()),
            Self::Commodity(code) => ("Commodity", code.clone()),
            Self::Organization(code) => ("Organization", code.clone()),
            Self::Unit(code) => ("Unit", code.clone()),
            Self::AssistanceRequest(id) => ("AssistanceRequest", id.to_string()),
            Self::RequestItem(id) => ("RequestItem", id.to_string()),
            Self::Contribution(id) => ("Contribution", id.to_string()),
            Self::Delivery(id) => ("Delivery", id.to_string()),
            Self::ApiKey(id) => ("ApiKey", id.to_string()),
            Self::Change(sequence) => ("Change", sequence.to_string()),
        };
        (kind.into(), key)
    }
}

/// The UUID in an id of one type; none for any other id.
macro_rules! uuid_of {
    ($name:ident, $variant:ident) => {
        /// The key in an id of this type; none for any other id.
        pub fn $name(id: &ID) -> Option<Uuid> {
            match GlobalId::decode(id) {
                Some(GlobalId::$variant(key)) => Some(key),
                _ => None,
            }
        }
    };
}
uuid_of!(request_id, AssistanceRequest);
uuid_of!(item_id, RequestItem);
uuid_of!(contribution_id, Contribution);
uuid_of!(delivery_id, Delivery);
uuid_of!(api_key_id, ApiKey);

/// The code in an id of one type; none for any other id.
macro_rules! code_of {
    ($name:ident, $variant:ident) => {
        /// The code in an id of this type; none for any other id.
        pub fn $name(id: &ID) -> Option<String> {
            match GlobalId::decode(id) {
                Some(GlobalId::$variant(code)) => Some(code),
                _ => None,
            }
        }
    };
}
code_of!(country_code, Country);
code_of!(category_code, NeedCategory);
code_of!(commodity_code, Commodity);
code_of!(organization_code, Organization);
