//! Totals of many parents at once.

use entity::{assistance_request as ar, request_item as ri};
use uuid::Uuid;

use crate::domain::totals::Totals;
use crate::error::Error;
use crate::store::condition::{one_of_ids, one_of_texts};
use crate::store::needs::Asked;
use crate::store::needs::source::{Key, KeyKind, Source};
use crate::store::needs::summary::{Parts, answer};
use crate::store::{Map, Reader};

/// Whose items are added up, each apart.
#[derive(Clone, Debug)]
pub enum Of {
    /// Those of the requests of each of these countries.
    Countries(Vec<String>),
    /// Those of each of these categories and of all below it.
    Categories(Vec<String>),
    /// Those that ask for each of these commodities.
    Commodities(Vec<String>),
    /// Those of each of these requests, which the reader was given before.
    Requests(Vec<Uuid>),
}

/// The totals of each parent, by its code or id as text: two statements, and one more for `quantities`, whatever the
/// number of parents. A parent without items is absent.
///
/// # Errors
/// The database's.
pub async fn totals_of(
    reader: &Reader,
    of: &Of,
    asked: &Asked,
    quantities: bool,
) -> Result<Map<String, Totals>, Error> {
    let asked = asked.resolved(reader).await?;
    let known = match of.parts(reader) {
        Some(parts) => answer(reader, &asked, &parts, quantities).await?,
        None => None,
    };
    let totals = match known {
        Some(totals) => totals,
        None => {
            let mut source = Source::new(reader, &asked);
            let key = source.key_of(reader, of);
            source.totals(reader, &[key], quantities, u64::from(u32::MAX)).await?
        }
    };
    Ok(totals
        .into_iter()
        .filter_map(|(key, totals)| Some((key.into_iter().next()??, totals)))
        .collect())
}

impl Of {
    /// The parents as parts that a summary can be asked for, if it can.
    fn parts(&self, reader: &Reader) -> Option<Parts> {
        let (countries, categories) = match self {
            Self::Countries(codes) => (
                Some(codes.iter().map(|code| (code.clone(), code.clone())).collect()),
                None,
            ),
            Self::Categories(codes) => (None, Some(codes.iter().flat_map(|top| below(reader, top)).collect())),
            Self::Commodities(_) | Self::Requests(_) => return None,
        };
        Some(Parts {
            countries,
            categories,
            by_priority: false,
            by_status: false,
        })
    }
}

impl Source {
    fn key_of(&mut self, reader: &Reader, of: &Of) -> Key {
        let backend = reader.backend();
        let text = |expr| Key {
            expr,
            kind: KeyKind::Text,
        };
        match of {
            Of::Countries(codes) => {
                let country = self.request(ar::Column::CountryCode);
                self.restrict(one_of_texts(backend, country.clone(), codes.clone()));
                text(country)
            }
            Of::Commodities(codes) => {
                let commodity = self.item(ri::Column::CommodityCode);
                self.restrict(one_of_texts(backend, commodity.clone(), codes.clone()));
                text(commodity)
            }
            Of::Categories(codes) => {
                let pairs: Vec<_> = codes.iter().flat_map(|top| below(reader, top)).collect();
                let category = self.item(ri::Column::CategoryCode);
                text(self.map(reader, category, &pairs))
            }
            Of::Requests(ids) => {
                let request = self.item(ri::Column::RequestId);
                self.restrict(one_of_ids(backend, request.clone(), ids));
                Key {
                    expr: request,
                    kind: KeyKind::Id,
                }
            }
        }
    }
}

/// A category with itself and each below it.
fn below(reader: &Reader, top: &str) -> Vec<(String, String)> {
    let below = reader.reference().descendants(top);
    below.into_iter().map(|code| (top.to_owned(), code)).collect()
}
