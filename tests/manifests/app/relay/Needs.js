import { graphql } from 'relay-runtime'

export const query = graphql`
    query NeedsQuery($country: CountryCode!, $first: Int = 2) {
        country(code: $country) {
            name
            ...Needs_country
        }
        requestItems(filter: { request: { country: { code: { eq: $country } } } }, first: $first) {
            totalCount
        }
    }
`

export const country = graphql`
    fragment Needs_country on Country {
        code
        whoRegion
    }
`

export const changes = graphql`
    subscription NeedsChangesSubscription($after: String) {
        changes(after: $after) {
            cursor
            node {
                action
            }
        }
    }
`

export const mint = graphql`
    mutation NeedsMintMutation($input: CreateApiKeyInput!) {
        createApiKey(input: $input) {
            apiKey {
                name
            }
            userErrors {
                code
            }
        }
    }
`
