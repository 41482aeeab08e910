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
}

impl GlobalId {
    /// The id as clients see it: a letter for the type and the key, in base64.
    pub fn encode(&self) -> ID {
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
            _ => None,
        }
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
