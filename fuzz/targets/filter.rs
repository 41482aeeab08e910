//! Filters to SQL, on both databases: no value of a filter is in the statement's text, everything is bound, and SQLite
//! takes the statement.

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::{
    ContributionStatus, Fulfilment, IncomeGroup, ItemKind, NamStatus, NeedDomain, OrganizationKind, Priority,
    RequestStatus, WhoRegion,
};
use nam_needs::domain::filter::{
    CategoryField, Choice, CommodityField, ContributionField, CountryField, Filter, ItemField, Ordered,
    OrganizationField, Quantifier, Related, RequestField, Text,
};
use nam_needs::store::page::{Arguments, Paging};
use nam_needs::store::{Reader, assistance_request as requests};

use super::source::Source;
use super::world::{Database, world};

/// Stands in every text, and nowhere in our SQL. Folded it is the same.
const MARK: &str = "zqx";
/// The same in numbers.
const NUMBER: i32 = 918_273;

pub fn run(bytes: &[u8]) {
    world(|world| {
        let mut made = Made(Source(bytes), true);
        let filter = made.request(4);
        let sqlite = world.reader(Database::Sqlite, bytes.len().is_multiple_of(2));
        world.wait(async {
            is_bound(&sqlite, &filter, '?').await;
            let paging = paging();
            let columns = [entity::assistance_request::Column::Id];
            let page = requests::page(&sqlite, &filter, &[], &paging, &columns, false).await;
            assert!(page.is_ok(), "{:?}\n{filter:?}", page.err());
        });
        // A test on a country's requests is asked of the database first, and there is none behind this one.
        let filter = Made(Source(bytes), false).request(4);
        let postgres = world.reader(Database::Postgres, bytes.len().is_multiple_of(2));
        world.wait(is_bound(&postgres, &filter, '$'));
    });
}

fn paging() -> Paging {
    Paging::new(&Arguments::default(), 10, 10, "request", "", "").unwrap()
}

async fn is_bound(reader: &Reader, filter: &Filter<RequestField>, place: char) {
    let statement = requests::statement(reader, filter, &[], &paging())
        .await
        .unwrap_or_else(|error| panic!("{error:?}\n{filter:?}"));
    let sql = &statement.sql;
    assert!(!sql.contains(MARK) && !sql.contains(&NUMBER.to_string()), "{sql}");
    assert!(
        !sql.contains('\'') && !sql.contains(';') && !sql.contains("--"),
        "{sql}"
    );
    let values = statement.values.map_or(0, |values| values.0.len());
    assert_eq!(sql.matches(place).count(), values, "{sql}");
}

/// A filter made of bytes; with the flag it may ask countries for their requests.
struct Made<'a>(Source<'a>, bool);

impl Made<'_> {
    fn text(&mut self) -> String {
        const ODD: &[&str] = &[
            "",
            "'",
            "\"",
            "\\",
            "%",
            "_",
            " ",
            ";",
            "--",
            "/*",
            "\0",
            "?",
            "$1",
            "é",
            "İ",
            "\u{1F600}",
            "\u{202E}",
            "ß",
            "{}",
            "[",
            "]",
        ];
        let odd = self.0.some(|source| source.one_of(ODD)).concat();
        format!("{odd}{MARK}{odd}")
    }

    fn number(&mut self) -> i32 {
        NUMBER * [1, -1][usize::from(self.0.flag())]
    }

    fn date(&mut self) -> NaiveDate {
        self.0.one_of(&[NaiveDate::MIN, NaiveDate::MAX, NaiveDate::default()])
    }

    fn moment(&mut self) -> DateTime<Utc> {
        self.0
            .one_of(&[DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, DateTime::UNIX_EPOCH])
    }

    fn test(&mut self) -> Text {
        match self.0.below(7) {
            0 => Text::Eq(self.text()),
            1 => Text::Ne(self.text()),
            2 => Text::In((0..self.0.below(4)).map(|_| self.text()).collect()),
            3 => Text::NotIn((0..self.0.below(4)).map(|_| self.text()).collect()),
            4 => Text::Contains(self.text()),
            5 => Text::StartsWith(self.text()),
            _ => Text::IsNull(self.0.flag()),
        }
    }

    fn choice<T: Clone>(&mut self, all: &[T]) -> Choice<T> {
        match self.0.below(5) {
            0 => Choice::Eq(self.0.one_of(all)),
            1 => Choice::Ne(self.0.one_of(all)),
            2 => Choice::In(self.0.some(|source| source.one_of(all))),
            3 => Choice::NotIn(self.0.some(|source| source.one_of(all))),
            _ => Choice::IsNull(self.0.flag()),
        }
    }

    fn ordered<T>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> Ordered<T> {
        match self.0.below(8) {
            0 => Ordered::Eq(one(self)),
            1 => Ordered::Ne(one(self)),
            2 => Ordered::In((0..self.0.below(4)).map(|_| one(self)).collect()),
            3 => Ordered::Gt(one(self)),
            4 => Ordered::Gte(one(self)),
            5 => Ordered::Lt(one(self)),
            6 => Ordered::Lte(one(self)),
            _ => Ordered::IsNull(self.0.flag()),
        }
    }

    fn quantity(&mut self) -> Ordered<i64> {
        self.ordered(|made| i64::from(made.number()))
    }

    fn tree<F>(&mut self, deep: u8, leaf: fn(&mut Self, u8) -> F) -> Filter<F> {
        let inner = deep.saturating_sub(1);
        match self.0.below(6) {
            0 if deep > 0 => Filter::All((0..self.0.below(4)).map(|_| self.tree(inner, leaf)).collect()),
            1 if deep > 0 => Filter::Any((0..self.0.below(4)).map(|_| self.tree(inner, leaf)).collect()),
            2 if deep > 0 => Filter::Not(Box::new(self.tree(inner, leaf))),
            _ => Filter::Is(leaf(self, inner)),
        }
    }

    fn related<F>(&mut self, filter: Filter<F>) -> Related<F> {
        Related {
            quantifier: self.0.one_of(&[Quantifier::Some, Quantifier::None, Quantifier::Every]),
            filter: Box::new(filter),
        }
    }

    fn request(&mut self, deep: u8) -> Filter<RequestField> {
        self.tree(deep, |made, deep| match made.0.below(18) {
            0 => RequestField::Reference(made.test()),
            1 => RequestField::Title(made.test()),
            2 => RequestField::Text(made.text()),
            3 => RequestField::Status(made.choice(&[RequestStatus::Draft, RequestStatus::Verified])),
            4 => RequestField::Priority(made.choice(&[Priority::Low, Priority::Critical])),
            5 => RequestField::Fulfilment(made.choice(&[
                Fulfilment::Unmet,
                Fulfilment::PartlyCommitted,
                Fulfilment::Committed,
                Fulfilment::PartlyDelivered,
                Fulfilment::Delivered,
            ])),
            6 => RequestField::Stale(made.0.flag()),
            7 if deep > 0 => RequestField::Country(made.country(deep)),
            8 if deep > 0 => {
                let items = made.item(deep);
                RequestField::Items(made.related(items))
            }
            9 if deep > 0 => {
                let contributions = made.contribution(deep);
                RequestField::Contributions(made.related(contributions))
            }
            10 => RequestField::NeededBy(made.ordered(Self::date)),
            11 => RequestField::PeopleInNeed(made.ordered(Self::number)),
            12 => RequestField::Source(made.test()),
            13 => RequestField::ExternalId(made.test()),
            14 => RequestField::CreatedAt(made.ordered(Self::moment)),
            15 => RequestField::UpdatedAt(made.ordered(Self::moment)),
            16 => RequestField::SubmittedAt(made.ordered(Self::moment)),
            _ => RequestField::VerifiedAt(made.ordered(Self::moment)),
        })
    }

    fn item(&mut self, deep: u8) -> Filter<ItemField> {
        self.tree(deep, |made, deep| match made.0.below(9) {
            0 if deep > 0 => ItemField::Request(made.request(deep)),
            1 => ItemField::Kind(made.choice(&[ItemKind::Goods, ItemKind::Funding])),
            2 => ItemField::Category(made.category(deep)),
            3 => ItemField::Commodity(made.commodity(deep)),
            4 => ItemField::Uncovered(made.quantity()),
            5 => ItemField::Unmet(made.quantity()),
            6 => ItemField::UnitCost(made.quantity()),
            7 if deep > 0 => {
                let contributions = made.contribution(deep);
                ItemField::Contributions(made.related(contributions))
            }
            _ => ItemField::Quantity(made.quantity()),
        })
    }

    fn contribution(&mut self, deep: u8) -> Filter<ContributionField> {
        self.tree(deep, |made, deep| match made.0.below(10) {
            0 => ContributionField::Source(made.test()),
            1 => ContributionField::ExternalId(made.test()),
            2 => ContributionField::Status(made.choice(&[ContributionStatus::Pledged, ContributionStatus::Delivered])),
            3 if deep > 0 => ContributionField::Organization(made.organization(deep)),
            4 if deep > 0 => ContributionField::Request(made.request(deep)),
            5 if deep > 0 => ContributionField::Item(made.item(deep)),
            6 => ContributionField::ExpectedOn(made.ordered(Self::date)),
            7 => ContributionField::DeliveredOn(made.ordered(Self::date)),
            8 => ContributionField::UpdatedAt(made.ordered(Self::moment)),
            _ => ContributionField::Quantity(made.quantity()),
        })
    }

    fn country(&mut self, deep: u8) -> Filter<CountryField> {
        let related = self.1;
        if related && deep > 1 && self.0.below(5) == 0 {
            let requests = self.request(deep - 1);
            return Filter::Is(CountryField::AssistanceRequests(self.related(requests)));
        }
        self.tree(deep, |made, _| match made.0.below(8) {
            0 => CountryField::Code(made.choice(&["BGD".to_owned(), MARK.to_owned()])),
            1 => CountryField::Name(made.test()),
            2 => CountryField::WhoRegion(made.choice(&[WhoRegion::Afro, WhoRegion::Searo])),
            3 => CountryField::UnRegion(made.test()),
            4 => CountryField::UnSubregion(made.test()),
            5 => CountryField::IncomeGroup(made.choice(&[IncomeGroup::Low, IncomeGroup::High])),
            6 => CountryField::NamStatus(made.choice(&[NamStatus::Member, NamStatus::Observer])),
            _ => CountryField::Population(made.ordered(Self::number)),
        })
    }

    fn organization(&mut self, deep: u8) -> Filter<OrganizationField> {
        self.tree(deep, |made, deep| match made.0.below(5) {
            0 => OrganizationField::Code(made.test()),
            1 => OrganizationField::Name(made.test()),
            2 => OrganizationField::Kind(made.choice(&[OrganizationKind::Ngo, OrganizationKind::UnAgency])),
            3 if deep > 0 => OrganizationField::Country(made.country(deep)),
            _ => OrganizationField::Active(made.0.flag()),
        })
    }

    fn category(&mut self, deep: u8) -> Filter<CategoryField> {
        self.tree(deep, |made, _| match made.0.below(8) {
            0 => CategoryField::Code(made.test()),
            1 => CategoryField::Under(made.text()),
            2 => CategoryField::Name(made.test()),
            3 => CategoryField::Domain(made.choice(&[NeedDomain::Medical, NeedDomain::Social])),
            4 => CategoryField::IascSector(made.test()),
            5 => CategoryField::Parent(made.text()),
            6 => CategoryField::IsRoot(made.0.flag()),
            _ => CategoryField::Active(made.0.flag()),
        })
    }

    fn commodity(&mut self, deep: u8) -> Filter<CommodityField> {
        self.tree(deep, |made, deep| match made.0.below(4) {
            0 => CommodityField::Code(made.test()),
            1 => CommodityField::Name(made.test()),
            2 => CommodityField::Category(made.category(deep)),
            _ => CommodityField::Active(made.0.flag()),
        })
    }
}
