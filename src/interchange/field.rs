//! What a column can say of a request or of one of its items. The names are those of the export's columns, and of the
//! keys in a mapping file; the hashtags are those of the export's HXL row.

use serde::Deserialize;

/// One thing that can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Field {
    /// System of record.
    Source,
    /// Id of the request there: with the source what makes an import idempotent.
    ExternalId,
    /// Where it can be read there.
    SourceUrl,
    /// Alpha-3, alpha-2 or M49 code.
    Country,
    /// One line.
    Title,
    /// The whole story.
    Description,
    /// EN, FR, ES or AR.
    Language,
    /// LOW to CRITICAL.
    Priority,
    /// Persons.
    PeopleInNeed,
    /// Day by which it is needed.
    NeededBy,
    /// Whom to ask: name.
    ContactName,
    /// Whom to ask: function.
    ContactRole,
    /// Whom to ask: e-mail address.
    ContactEmail,
    /// Whom to ask: telephone number.
    ContactPhone,
    /// Day on which the source says that the need stands.
    ConfirmedOn,
    /// Day on which the source verified it.
    VerifiedOn,
    /// Id of the item in the source.
    ItemExternalId,
    /// GOODS, FUNDING, PERSONNEL or SERVICE.
    Kind,
    /// Code of a category.
    Category,
    /// Code of a commodity.
    Commodity,
    /// What the codes don't say.
    ItemDescription,
    /// In units.
    Quantity,
    /// Code of a unit.
    Unit,
    /// US dollars a unit.
    UnitCostUsd,
    /// US dollars in all. Never loaded: what is loaded must agree with it to half a cent.
    ValueUsd,
}

/// A field with its names.
#[derive(Debug)]
pub struct Named {
    /// The field.
    pub field: Field,
    /// Header of its column.
    pub header: &'static str,
    /// Hashtag of its column.
    pub tag: &'static str,
}

const fn named(field: Field, header: &'static str, tag: &'static str) -> Named {
    Named { field, header, tag }
}

/// All fields in the order in which they are written: first what is of the request, then what is of its item.
pub const FIELDS: [Named; 25] = [
    named(Field::Source, "source", "#meta+source"),
    named(Field::ExternalId, "externalId", "#meta+id"),
    named(Field::SourceUrl, "sourceUrl", "#meta+url"),
    named(Field::Country, "country", "#country+code"),
    named(Field::Title, "title", "#need+name"),
    named(Field::Description, "description", "#description"),
    named(Field::Language, "language", "#meta+language"),
    named(Field::Priority, "priority", "#severity"),
    named(Field::PeopleInNeed, "peopleInNeed", "#inneed"),
    named(Field::NeededBy, "neededBy", "#date+needed"),
    named(Field::ContactName, "contactName", "#contact+name"),
    named(Field::ContactRole, "contactRole", "#contact+role"),
    named(Field::ContactEmail, "contactEmail", "#contact+email"),
    named(Field::ContactPhone, "contactPhone", "#contact+phone"),
    named(Field::ConfirmedOn, "confirmedOn", "#date+confirmed"),
    named(Field::VerifiedOn, "verifiedOn", "#date+verified"),
    named(Field::ItemExternalId, "itemExternalId", "#item+id"),
    named(Field::Kind, "kind", "#item+type"),
    named(Field::Category, "category", "#sector"),
    named(Field::Commodity, "commodity", "#item+code"),
    named(Field::ItemDescription, "itemDescription", "#item+description"),
    named(Field::Quantity, "quantity", "#quantity"),
    named(Field::Unit, "unit", "#item+unit"),
    named(Field::UnitCostUsd, "unitCostUsd", "#value+usd+unit"),
    named(Field::ValueUsd, "valueUsd", "#value+usd"),
];

impl Field {
    /// Header of its column, which is also its key in a mapping file.
    pub fn header(self) -> &'static str {
        FIELDS
            .iter()
            .find(|named| named.field == self)
            .map_or("", |named| named.header)
    }

    /// The field that a rule of the domain calls by this path within a request or an item.
    pub fn of_path(path: &[String], of_item: bool) -> Option<Self> {
        let [first, rest @ ..] = path else { return None };
        let name = match (first.as_str(), rest) {
            ("contact", [part, ..]) => return Self::of_header(&format!("contact{part}")),
            ("externalId" | "description", _) if of_item => format!("item{first}"),
            (name, _) => name.to_owned(),
        };
        Self::of_header(&name)
    }

    /// The field of a column with this header, in any case, with or without blanks, hyphens and underscores.
    pub fn of_header(header: &str) -> Option<Self> {
        let squeezed: String = header.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        FIELDS
            .iter()
            .find(|named| named.header.eq_ignore_ascii_case(&squeezed))
            .map(|named| named.field)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::interchange::hxl::Tag;

    #[test]
    fn every_header_and_tag_names_one_field() {
        for named in &FIELDS {
            assert_eq!(Field::of_header(named.header), Some(named.field));
            let tag = Tag::parse(named.tag).unwrap();
            assert_eq!(tag.to_string(), named.tag);
        }
        assert_eq!(Field::of_header("External ID"), Some(Field::ExternalId));
        assert_eq!(Field::of_header("unit_cost_usd"), Some(Field::UnitCostUsd));
        assert_eq!(Field::of_header("reference"), None);
    }

    #[test]
    fn a_path_of_the_rules_names_its_field() {
        let path = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            Field::of_path(&path(&["contact", "email"]), false),
            Some(Field::ContactEmail)
        );
        assert_eq!(
            Field::of_path(&path(&["externalId"]), true),
            Some(Field::ItemExternalId)
        );
        assert_eq!(Field::of_path(&path(&["externalId"]), false), Some(Field::ExternalId));
        assert_eq!(Field::of_path(&path(&[]), false), None);
    }
}
