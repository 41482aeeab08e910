// The npm packages graphql-ws and graphql-sse against a running server: URL and KEY (an administrator's) say where and
// by what right. `tests/clients.rs` runs this.

import assert from 'node:assert/strict'
import net from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient as createEventsClient } from 'graphql-sse'
import { createClient as createSocketClient } from 'graphql-ws'
import WebSocket from 'ws'

const url = new URL('/graphql', process.env.URL)
const key = process.env.KEY
const FOLLOW = `subscription($after: String) {
    changes(after: $after, filter: { actions: ["assistanceRequest.created"] }) { cursor node { sequence subjectId } } }`
const CURSOR = '{ service { changeCursor } }'
const CREATE = `mutation($input: CreateAssistanceRequestInput!) {
    createAssistanceRequest(input: $input) { assistanceRequest { id } userErrors { code } } }`
const VIEWER = '{ viewer { roles } }'
const COUNTRY = '{ country(code: "BGD") { name } }'
const MINT = 'mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } userErrors { code } } }'
const REVOKE = 'mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { userErrors { code } } }'

/** Stands between client and server, and cuts connections when told to. */
async function between() {
    const open = new Set()
    const server = net.createServer((near) => {
        const far = net.connect(Number(url.port), url.hostname)
        near.pipe(far)
        far.pipe(near)
        for (const socket of [near, far]) {
            open.add(socket)
            socket.on('error', () => {})
            socket.on('close', () => {
                open.delete(socket)
                near.destroy()
                far.destroy()
            })
        }
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const cut = () => open.forEach((socket) => socket.destroy())
    after(() => {
        server.close()
        cut()
    })
    return { url: new URL(`http://127.0.0.1:${server.address().port}/graphql`), cut }
}

const authorization = (secret) => (secret ? { Authorization: `Bearer ${secret}` } : {})

function sockets({ secret, at = url, ...options } = {}) {
    const client = createSocketClient({
        url: Object.assign(new URL(at), { protocol: 'ws:' }).href,
        webSocketImpl: WebSocket,
        connectionParams: authorization(secret),
        retryWait: () => sleep(20),
        ...options,
    })
    after(() => client.dispose())
    return client
}

function events({ secret, at = url, ...options } = {}) {
    const client = createEventsClient({
        url: at.href,
        headers: authorization(secret),
        retry: () => sleep(20),
        ...options,
    })
    after(() => client.dispose())
    return client
}

/** All results of an operation. */
async function all(client, query, variables) {
    const results = []
    for await (const result of client.iterate({ query, variables })) {
        results.push(result)
    }
    return results
}

async function one(client, query, variables) {
    const [result, ...more] = await all(client, query, variables)
    assert.equal(more.length, 0)
    return result
}

async function mint() {
    const input = { name: 'a client', roles: ['COORDINATOR'] }
    const { data } = await one(events({ secret: key }), MINT, { input })
    assert.deepEqual(data.createApiKey.userErrors, [])
    return data.createApiKey
}

async function revoke({ apiKey }) {
    const { data } = await one(sockets({ secret: key }), REVOKE, { input: { id: apiKey.id } })
    assert.deepEqual(data.revokeApiKey.userErrors, [])
}

/** Where the feed ends now. */
async function now() {
    return (await one(events({ secret: key }), CURSOR)).data.service.changeCursor
}

/** Makes a request, and gives its id. */
async function create() {
    const input = { country: 'BGD', title: 'Oxygen', priority: 'HIGH', items: [] }
    const { data } = await one(events({ secret: key }), CREATE, { input })
    assert.deepEqual(data.createAssistanceRequest.userErrors, [])
    return data.createAssistanceRequest.assistanceRequest.id
}

async function followed(changes) {
    return (await changes.next()).value.data.changes.node.subjectId
}

for (const [name, make] of [['graphql-ws', sockets], ['graphql-sse', events]]) {
    test(`${name}: changes are followed until the client has enough`, async () => {
        const after = await now()
        const missed = await create()
        const changes = make({ secret: key }).iterate({ query: FOLLOW, variables: { after } })
        assert.equal(await followed(changes), missed)
        const live = await create()
        assert.equal(await followed(changes), live)
        await changes.return()
    })

    test(`${name}: queries and mutations are answered`, async () => {
        assert.equal((await one(make(), COUNTRY)).data.country.name, 'Bangladesh')
        const minted = await mint()
        assert.deepEqual((await one(make({ secret: minted.secret }), VIEWER)).data.viewer.roles, ['COORDINATOR'])
        await revoke(minted)
    })

    test(`${name}: several operations go on at once, and each ends by itself`, async () => {
        const client = make({ secret: key })
        const changes = client.iterate({ query: FOLLOW, variables: { after: await now() } })
        const first = await create()
        assert.equal(await followed(changes), first)
        assert.deepEqual((await one(client, VIEWER)).data.viewer.roles, ['ADMIN'])
        const second = await create()
        assert.equal(await followed(changes), second)
        await changes.return()
        assert.deepEqual((await one(client, VIEWER)).data.viewer.roles, ['ADMIN'])
    })

    test(`${name}: a subscription that fails is completed`, async () => {
        const { errors } = await one(make({ secret: key }), FOLLOW, { after: 'nonsense' })
        assert.equal(errors[0].extensions.code, 'BAD_CURSOR')
    })

    test(`${name}: whoever is cut off goes on where it was, and misses nothing`, async () => {
        const proxy = await between()
        let connected = 0
        let cursor = await now()
        const client = make({ secret: key, at: proxy.url, on: { connected: () => connected++ } })
        // The variables are read anew whenever the client connects.
        const variables = {
            get after() {
                return cursor
            },
        }
        const made = []
        const seen = []
        const writing = (async () => {
            for (let count = 0; count < 12; count++) made.push(await create())
        })()
        for await (const { data } of client.iterate({ query: FOLLOW, variables })) {
            cursor = data.changes.cursor
            seen.push(data.changes.node.subjectId)
            if (seen.length % 5 === 0) proxy.cut()
            if (seen.length === 12) break
        }
        await writing
        // What had come already when it was cut off a second time is not asked for again.
        assert.ok(connected >= 2, `${connected} connections`)
        assert.deepEqual(seen, made)
    })
}

test('graphql-ws: what is refused is an error of its operation alone', async () => {
    const client = sockets()
    await assert.rejects(all(client, 'subscription { nothing }'), ([error]) => {
        assert.equal(error.extensions.code, 'GRAPHQL_VALIDATION_FAILED')
        return true
    })
    assert.equal((await one(client, COUNTRY)).data.country.name, 'Bangladesh')
})

test('graphql-sse: what is refused is a result without data, and is not tried again', async () => {
    let connected = 0
    const result = await one(events({ on: { connected: () => connected++ } }), 'subscription { nothing }')
    assert.equal(result.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED')
    assert.equal(result.data, undefined)
    assert.equal(connected, 1)
})

test('graphql-ws: a connection opens with the first operation and closes after the last', async () => {
    const seen = []
    const on = { connected: () => seen.push('connected'), closed: ({ code }) => seen.push(code) }
    const client = sockets({ on })
    assert.deepEqual(seen, [])
    await one(client, COUNTRY)
    while (seen.length < 2) await sleep(10)
    await one(client, COUNTRY)
    while (seen.length < 4) await sleep(10)
    assert.deepEqual(seen, ['connected', 1000, 'connected', 1000])
})

test('graphql-ws: pings of the protocol are answered', async () => {
    let pongs = 0
    const client = sockets({ keepAlive: 30, on: { pong: (received) => received && pongs++ } })
    const changes = client.iterate({ query: FOLLOW })
    const next = changes.next()
    while (pongs < 3) await sleep(10)
    await changes.return()
    await next
})

test('graphql-ws: a credential that is not good is refused', async () => {
    const client = sockets({ secret: 'nam_unknown_unknown_unknown_unknown_unknown', retryAttempts: 0 })
    await assert.rejects(all(client, COUNTRY), ({ code, reason }) => {
        assert.equal(code, 4403)
        assert.match(reason, /^Forbidden/)
        return true
    })
})

test('graphql-sse: a credential that is not good is refused', async () => {
    const client = events({ secret: 'nam_unknown_unknown_unknown_unknown_unknown', retryAttempts: 0 })
    await assert.rejects(all(client, COUNTRY), ({ response }) => {
        assert.equal(response.status, 401)
        return true
    })
})

test('graphql-ws: a key that is revoked ends its connection', async () => {
    const minted = await mint()
    const client = sockets({ secret: minted.secret, retryAttempts: 0 })
    const changes = client.iterate({ query: FOLLOW, variables: { after: await now() } })
    const made = await create()
    assert.equal(await followed(changes), made)
    const next = assert.rejects(changes.next(), { code: 4403 })
    await revoke(minted)
    await next
})

test('graphql-sse: a key that is revoked ends its stream', async () => {
    const minted = await mint()
    const changes = events({ secret: minted.secret }).iterate({ query: FOLLOW, variables: { after: await now() } })
    const made = await create()
    assert.equal(await followed(changes), made)
    await revoke(minted)
    const last = await changes.next()
    assert.equal(last.value.errors[0].extensions.code, 'UNAUTHENTICATED')
    assert.equal((await changes.next()).done, true)
})
