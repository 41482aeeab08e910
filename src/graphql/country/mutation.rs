//! What administrators enter of countries.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use entity::enums::{IncomeGroup, NamStatus, WhoRegion};

use crate::domain::country::{CountryCodes, CountryForm};
use crate::graphql::context::mutation;
use crate::graphql::country::object::Country;
use crate::graphql::country::query::find;
use crate::graphql::fault::{Fallible, Nullable};
use crate::graphql::idempotency::Idempotency;
use crate::graphql::input::{LocalizedName, change, given, names};
use crate::graphql::node::country_code;
use crate::graphql::payload::{payload, settle};
use crate::graphql::scalar::CountryCode;
use crate::store::{Outcome, country};

/// Mutations of countries.
#[derive(Default)]
pub struct CountryMutation;

payload!(
    /// What a mutation of a country answers.
    CountryPayload,
    /// The country as it now is, also where userErrors says why it was not changed; null where there is none.
    country: Country
);

/// A new country.
#[derive(InputObject, Clone, Debug)]
pub struct CreateCountryInput {
    /// ISO 3166-1 alpha-3 code, in capitals. Given once.
    code: CountryCode,
    /// ISO 3166-1 alpha-2 code, in capitals. Given once; no other country has it.
    iso2: String,
    /// UN M49 code, three digits. Given once; no other country has it.
    m49: String,
    /// Short English name; 1 to 200 characters.
    name: String,
    /// Formal English name; up to 200 characters.
    official_name: Option<String>,
    /// Short names in other languages.
    names: Option<Vec<LocalizedName>>,
    /// Capital, in English.
    capital: Option<String>,
    /// Region by the UN's M49: "Africa".
    un_region: Option<String>,
    /// Subregion by the UN's M49: "Northern Africa".
    un_subregion: Option<String>,
    /// Region of the World Health Organization.
    who_region: Option<WhoRegion>,
    /// Income group of the World Bank.
    income_group: Option<IncomeGroup>,
    /// Population in persons, 0 or more.
    population: Option<i32>,
    /// Year of the population's figure, 1900 to 2100.
    population_year: Option<i32>,
    /// Latitude of a point within it in degrees north, -90 to 90.
    latitude: Option<f64>,
    /// Longitude of a point within it in degrees east, -180 to 180.
    longitude: Option<f64>,
    /// ISO 4217 code of its currency, three capital letters.
    currency: Option<String>,
    /// Standing in the Non-Aligned Movement now.
    nam_status: NamStatus,
    /// Year in which it joined the Movement, 1961 to 2100. A member that joined by 2020 is one in namStatus2020 too.
    nam_joined_year: Option<i32>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

/// Changes of a country. Absent fields stay as they are; an explicit null clears a nullable one.
#[derive(InputObject, Clone, Debug)]
pub struct UpdateCountryInput {
    /// Which country.
    id: ID,
    /// The version last seen; STALE_VERSION where it is not the present one.
    version: i32,
    /// Short English name; 1 to 200 characters.
    name: MaybeUndefined<String>,
    /// Formal English name; up to 200 characters.
    official_name: MaybeUndefined<String>,
    /// Short names in other languages, all of them: a language left out has none any more.
    names: MaybeUndefined<Vec<LocalizedName>>,
    /// Capital, in English.
    capital: MaybeUndefined<String>,
    /// Region by the UN's M49: "Africa".
    un_region: MaybeUndefined<String>,
    /// Subregion by the UN's M49: "Northern Africa".
    un_subregion: MaybeUndefined<String>,
    /// Region of the World Health Organization.
    who_region: MaybeUndefined<WhoRegion>,
    /// Income group of the World Bank.
    income_group: MaybeUndefined<IncomeGroup>,
    /// Population in persons, 0 or more.
    population: MaybeUndefined<i32>,
    /// Year of the population's figure, 1900 to 2100.
    population_year: MaybeUndefined<i32>,
    /// Latitude of a point within it in degrees north, -90 to 90.
    latitude: MaybeUndefined<f64>,
    /// Longitude of a point within it in degrees east, -180 to 180.
    longitude: MaybeUndefined<f64>,
    /// ISO 4217 code of its currency, three capital letters.
    currency: MaybeUndefined<String>,
    /// Standing in the Non-Aligned Movement now.
    nam_status: MaybeUndefined<NamStatus>,
    /// Year in which it joined the Movement, 1961 to 2100.
    nam_joined_year: MaybeUndefined<i32>,
    /// Its key.
    #[graphql(flatten)]
    pub idempotency: Idempotency,
}

impl CreateCountryInput {
    fn form(self) -> (CountryCodes, CountryForm) {
        let Self {
            code,
            iso2,
            m49,
            name,
            official_name,
            names: local_names,
            capital,
            un_region,
            un_subregion,
            who_region,
            income_group,
            population,
            population_year,
            latitude,
            longitude,
            currency,
            nam_status,
            nam_joined_year,
            idempotency: _,
        } = self;
        let codes = CountryCodes {
            code: code.0,
            iso2,
            m49,
        };
        let form = CountryForm {
            name: given(Some(name)),
            official_name: given(official_name),
            names: given(local_names.map(names)),
            capital: given(capital),
            un_region: given(un_region),
            un_subregion: given(un_subregion),
            who_region: given(who_region),
            income_group: given(income_group),
            population: given(population),
            population_year: given(population_year),
            latitude: given(latitude),
            longitude: given(longitude),
            currency: given(currency),
            nam_status: given(Some(nam_status)),
            nam_joined_year: given(nam_joined_year),
        };
        (codes, form)
    }
}

impl UpdateCountryInput {
    fn form(self) -> CountryForm {
        let Self {
            id: _,
            version: _,
            name,
            official_name,
            names: local_names,
            capital,
            un_region,
            un_subregion,
            who_region,
            income_group,
            population,
            population_year,
            latitude,
            longitude,
            currency,
            nam_status,
            nam_joined_year,
            idempotency: _,
        } = self;
        CountryForm {
            name: change(name),
            official_name: change(official_name),
            names: change(local_names.map_value(names)),
            capital: change(capital),
            un_region: change(un_region),
            un_subregion: change(un_subregion),
            who_region: change(who_region),
            income_group: change(income_group),
            population: change(population),
            population_year: change(population_year),
            latitude: change(latitude),
            longitude: change(longitude),
            currency: change(currency),
            nam_status: change(nam_status),
            nam_joined_year: change(nam_joined_year),
        }
    }
}

/// The payload of a write: the country as it is after it.
fn answer(ctx: &Context<'_>, outcome: Outcome<String>, named: Option<String>) -> Fallible<CountryPayload> {
    let (code, user_errors) = match settle(outcome)? {
        Ok(code) => (Some(code), Vec::new()),
        Err(user_errors) => (named, user_errors),
    };
    let country = match code {
        Some(code) => find(ctx, &code)?,
        None => None,
    };
    Ok(CountryPayload { country, user_errors })
}

async fn create(ctx: &Context<'_>, input: CreateCountryInput) -> Fallible<CountryPayload> {
    let call = mutation(ctx, "createCountry", &input, &input.idempotency)?;
    let (store, (codes, form)) = (&call.request.store, input.form());
    let outcome = call.write(|author| country::create(store, author, codes, form)).await;
    answer(ctx, outcome, None)
}

async fn update(ctx: &Context<'_>, input: UpdateCountryInput) -> Fallible<CountryPayload> {
    let call = mutation(ctx, "updateCountry", &input, &input.idempotency)?;
    let (named, version) = (country_code(&input.id), input.version);
    let (store, code, form) = (&call.request.store, named.clone(), input.form());
    let outcome = call
        .write(|author| country::update(store, author, code, version, form))
        .await;
    answer(ctx, outcome, named)
}

#[Object]
impl CountryMutation {
    /// Adds a country. For administrators.
    async fn create_country(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The country.")] input: CreateCountryInput,
    ) -> Nullable<CountryPayload> {
        Some(create(ctx, input).await)
    }

    /// Changes a country. From then on the server's own file of countries no longer overwrites it. For administrators.
    async fn update_country(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The changes.")] input: UpdateCountryInput,
    ) -> Nullable<CountryPayload> {
        Some(update(ctx, input).await)
    }
}
