//! Filters whose tests on a country's requests have been asked of the database, and replaced by codes.

use super::*;

/// A filter of countries that needs no more SQL.
pub(crate) fn country<'a>(
    reader: &'a Reader,
    filter: &'a Filter<CountryField>,
) -> BoxFuture<'a, Result<Filter<CountryField>, Error>> {
    Box::pin(async move {
        Ok(match filter {
            Filter::All(all) => Filter::All(each(reader, all).await?),
            Filter::Any(any) => Filter::Any(each(reader, any).await?),
            Filter::Not(not) => Filter::Not(Box::new(country(reader, not).await?)),
            Filter::Is(CountryField::AssistanceRequests(related)) => Filter::Is(by_requests(reader, related).await?),
            Filter::Is(other) => Filter::Is(other.clone()),
        })
    })
}

async fn each(reader: &Reader, filters: &[Filter<CountryField>]) -> Result<Vec<Filter<CountryField>>, Error> {
    let mut resolved = Vec::with_capacity(filters.len());
    for filter in filters {
        resolved.push(country(reader, filter).await?);
    }
    Ok(resolved)
}

async fn by_requests(reader: &Reader, related: &Related<RequestField>) -> Result<CountryField, Error> {
    let filter = request(reader, &related.filter).await?;
    let aliases = Aliases::default();
    let table = aliases.next("r");
    let holds = super::request(reader, &aliases, &table, &filter);
    let select = Query::select()
        .distinct()
        .column((table.clone(), ar::Column::CountryCode))
        .from_as(ar::Entity, table.clone())
        .and_where(visible_request(reader.actor(), &table))
        .and_where(sought(holds, related.quantifier))
        .take();
    let rows = reader.all(&select).await?;
    let codes: Vec<String> = rows
        .iter()
        .map(|row| row.try_get_by_index(0))
        .collect::<Result<_, _>>()
        .map_err(fault::error)?;
    Ok(CountryField::Code(match related.quantifier {
        Quantifier::Some => Choice::In(codes),
        Quantifier::None | Quantifier::Every => Choice::NotIn(codes),
    }))
}

/// A filter of organizations that needs no more SQL.
pub(crate) async fn organization(
    reader: &Reader,
    filter: &Filter<OrganizationField>,
) -> Result<Filter<OrganizationField>, Error> {
    walk(filter, &|field| {
        Box::pin(async move {
            Ok(match field {
                OrganizationField::Country(filter) => OrganizationField::Country(country(reader, filter).await?),
                other => other.clone(),
            })
        })
    })
    .await
}

/// A filter of requests whose countries need no more SQL.
pub(crate) fn request<'a>(
    reader: &'a Reader,
    filter: &'a Filter<RequestField>,
) -> BoxFuture<'a, Result<Filter<RequestField>, Error>> {
    Box::pin(async move {
        walk(filter, &|field| {
            Box::pin(async move {
                Ok(match field {
                    RequestField::Country(filter) => RequestField::Country(country(reader, filter).await?),
                    RequestField::Items(related) => RequestField::Items(Related {
                        quantifier: related.quantifier,
                        filter: Box::new(item(reader, &related.filter).await?),
                    }),
                    RequestField::Contributions(related) => RequestField::Contributions(Related {
                        quantifier: related.quantifier,
                        filter: Box::new(contribution(reader, &related.filter).await?),
                    }),
                    other => other.clone(),
                })
            })
        })
        .await
    })
}

/// A filter of items whose countries need no more SQL.
pub(crate) fn item<'a>(
    reader: &'a Reader,
    filter: &'a Filter<ItemField>,
) -> BoxFuture<'a, Result<Filter<ItemField>, Error>> {
    Box::pin(async move {
        walk(filter, &|field| {
            Box::pin(async move {
                Ok(match field {
                    ItemField::Request(filter) => ItemField::Request(request(reader, filter).await?),
                    ItemField::Contributions(related) => ItemField::Contributions(Related {
                        quantifier: related.quantifier,
                        filter: Box::new(contribution(reader, &related.filter).await?),
                    }),
                    other => other.clone(),
                })
            })
        })
        .await
    })
}

/// A filter of contributions whose countries need no more SQL.
pub(crate) fn contribution<'a>(
    reader: &'a Reader,
    filter: &'a Filter<ContributionField>,
) -> BoxFuture<'a, Result<Filter<ContributionField>, Error>> {
    Box::pin(async move {
        walk(filter, &|field| {
            Box::pin(async move {
                Ok(match field {
                    ContributionField::Organization(filter) => {
                        ContributionField::Organization(organization(reader, filter).await?)
                    }
                    ContributionField::Request(filter) => ContributionField::Request(request(reader, filter).await?),
                    ContributionField::Item(filter) => ContributionField::Item(item(reader, filter).await?),
                    other => other.clone(),
                })
            })
        })
        .await
    })
}

fn walk<'a, F: Sync + Send>(
    filter: &'a Filter<F>,
    leaf: &'a (dyn Fn(&'a F) -> BoxFuture<'a, Result<F, Error>> + Sync),
) -> BoxFuture<'a, Result<Filter<F>, Error>> {
    Box::pin(async move {
        Ok(match filter {
            Filter::All(all) => {
                let mut resolved = Vec::with_capacity(all.len());
                for one in all {
                    resolved.push(walk(one, leaf).await?);
                }
                Filter::All(resolved)
            }
            Filter::Any(any) => {
                let mut resolved = Vec::with_capacity(any.len());
                for one in any {
                    resolved.push(walk(one, leaf).await?);
                }
                Filter::Any(resolved)
            }
            Filter::Not(not) => Filter::Not(Box::new(walk(not, leaf).await?)),
            Filter::Is(field) => Filter::Is(leaf(field).await?),
        })
    })
}
