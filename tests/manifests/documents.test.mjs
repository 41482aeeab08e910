// Manifests that real tools made, and the clients that send their ids, against a running server: URL and KEY (an
// administrator's) say where and by what right, MANIFESTS where `make.mjs` put them, ONLY whether the server executes
// nothing else. `tests/manifests.rs` runs this.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { createClient, fetchExchange } from '@urql/core'
import { persistedExchange } from '@urql/exchange-persisted'
import { parse } from 'graphql'

const url = new URL('/graphql', process.env.URL).href
const only = process.env.ONLY === 'true'
const manifest = (file) => JSON.parse(readFileSync(join(process.env.MANIFESTS, file), 'utf8'))
const relay = manifest('relay.json')
const codegen = manifest('codegen/persisted-documents.json')

/** What each operation of the manifests is asked with. */
const VARIABLES = {
    NeedsQuery: { country: 'BGD' },
    NeedsMintMutation: { input: { name: 'by id', roles: ['READER'] } },
    NeedsChangesSubscription: { after: 'nonsense' },
    Viewer: {},
}
const COUNTRY = 'query Country { country(code: "BGD") { name } }'

const operation = (text) => /(?:query|mutation|subscription) (\w+)/.exec(text)[1]

async function post(client, body, accept = 'application/graphql-response+json') {
    const headers = { accept, authorization: `Bearer ${process.env.KEY}`, 'content-type': 'application/json' }
    if (client) headers['graphql-client-name'] = client
    return await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** The code of an answer that executes nothing. */
async function refused(client, body) {
    const answer = await (await post(client, body)).json()
    assert.equal(answer.data, undefined)
    return answer.errors[0].extensions.code
}

/** `fetch` that keeps what was asked. */
function listening() {
    const asked = []
    const listen = (input, init) => {
        const text = init.body ?? new URL(input).searchParams.get('query')
        asked.push({ method: init.method, sent: String(text ?? '').includes('country(code') })
        return fetch(input, init)
    }
    return { asked, listen }
}

for (const [client, documents] of [['relay', relay], ['codegen', codegen]]) {
    test(`${client}: every document of the manifest is executed by its id`, async () => {
        const ids = Object.keys(documents)
        assert.equal(ids.length, client === 'relay' ? 3 : 1)
        for (const id of ids) {
            const name = operation(documents[id])
            const follows = name.endsWith('Subscription')
            const by = [{ documentId: id }, { id }, { doc_id: id }, { documentId: `${client}~${id}` }]
            by.push({ extensions: { persistedQuery: { version: 1, sha256Hash: id } } })
            for (const asked of by) {
                const body = { ...asked, variables: VARIABLES[name] }
                const response = await post(client, body, follows ? 'text/event-stream' : undefined)
                const text = await response.text()
                assert.equal(response.status, 200, text)
                // A subscription shows that it runs by refusing its cursor.
                assert.ok(follows ? text.includes('BAD_CURSOR') : text.startsWith('{"data":{'), text)
            }
        }
    })

    test(`${client}: an id is of its own client alone`, async () => {
        const other = client === 'relay' ? 'codegen' : 'relay'
        for (const id of Object.keys(documents)) {
            assert.equal(await refused(other, { id }), 'PERSISTED_QUERY_NOT_FOUND')
            assert.equal(await refused(undefined, { id }), 'PERSISTED_QUERY_NOT_FOUND')
        }
    })
}

test('Apollo Client sends the hash that graphql-codegen made, and never the document', async () => {
    const [[id, text]] = Object.entries(codegen)
    const { asked, listen } = listening()
    const headers = { 'apollographql-client-name': 'codegen' }
    const client = new ApolloClient({
        cache: new InMemoryCache(),
        link: ApolloLink.from([
            new PersistedQueryLink({ generateHash: () => id }),
            new HttpLink({ uri: url, fetch: listen, headers }),
        ]),
    })
    const { data } = await client.query({ query: gql(text) })
    assert.equal(typeof data.service.name, 'string')
    assert.equal(asked.length, 1)
})

test('what is not registered is executed or not, as the operator says', async () => {
    const documents = [COUNTRY, '{ __schema { queryType { name } } }', '{ __typename }', Object.values(relay)[0]]
    for (const query of documents) {
        const answer = await (await post('relay', { query, variables: VARIABLES.NeedsMintMutation })).json()
        if (only) assert.equal(answer.errors[0].extensions.code, 'PERSISTED_QUERY_REQUIRED')
        else assert.ok(answer.data, JSON.stringify(answer))
    }
})

for (const useGETForHashedQueries of [false, true]) {
    test(`Apollo Client persists its queries, ${useGETForHashedQueries ? 'by GET' : 'by POST'}`, async () => {
        const { asked, listen } = listening()
        const sha256 = (text) => createHash('sha256').update(text).digest('hex')
        const client = new ApolloClient({
            cache: new InMemoryCache(),
            link: ApolloLink.from([
                new PersistedQueryLink({ sha256, useGETForHashedQueries }),
                new HttpLink({ uri: url, fetch: listen }),
            ]),
        })
        // One that no test before has registered.
        const query = gql(COUNTRY.replaceAll('Country', useGETForHashedQueries ? 'ByGet' : 'ByPost'))
        const ask = () => client.query({ query, fetchPolicy: 'network-only' })
        if (only) {
            await assert.rejects(ask(), /Only registered documents/)
            return
        }
        for (let time = 0; time < 2; time++) {
            assert.equal((await ask()).data.country.name, 'Bangladesh')
        }
        // Not known, sent once, known from then on.
        assert.deepEqual(asked.map(({ sent }) => sent), [false, true, false])
        assert.equal(asked[2].method, useGETForHashedQueries ? 'GET' : 'POST')
    })
}

test('urql persists its queries', async () => {
    const { asked, listen } = listening()
    const exchanges = [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange]
    const client = createClient({ url, exchanges, fetch: listen })
    const query = parse(COUNTRY.replace('Country', 'ByUrql'))
    const ask = () => client.query(query, {}, { requestPolicy: 'network-only' }).toPromise()
    if (only) {
        assert.match((await ask()).error.message, /Only registered documents/)
        return
    }
    for (let time = 0; time < 2; time++) {
        assert.equal((await ask()).data.country.name, 'Bangladesh')
    }
    assert.deepEqual(asked.map(({ sent }) => sent), [false, true, false])
})
