// The audits of the npm package graphql-http, the reference of GraphQL over HTTP, against a running server at URL.
// `tests/clients.rs` runs this.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { auditServer } from 'graphql-http'

/** As many as this version of the package has: an upgrade that brings others is looked at. */
const AUDITS = 61

test('graphql-http: every audit is ok, none with a warning', async () => {
    const url = new URL('/graphql', process.env.URL).href
    const results = await auditServer({ url, fetchFn: fetch })
    const faults = results
        .filter(({ status }) => status !== 'ok')
        .map(({ id, name, status, reason }) => `${id} ${status}: ${name}: ${reason}`)
    assert.deepEqual(faults, [])
    assert.equal(new Set(results.map(({ id }) => id)).size, AUDITS)
    assert.equal(results.length, AUDITS)
})
