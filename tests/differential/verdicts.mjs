// What the reference implementation says of many documents: one JSON line for each schema, then one for each document
// with its verdict. `tests/differential.rs` reads them. COUNT and SEED say how many are generated, and which.

import { readFileSync } from 'node:fs'
import {
    GraphQLError,
    Kind,
    buildSchema,
    extendSchema,
    isCompositeType,
    isScalarType,
    isSpecifiedScalarType,
    parse,
    printSchema,
    validate,
    visit,
} from 'graphql'
import { generate } from './generate.mjs'

const read = (file) => readFileSync(new URL(file, import.meta.url), 'utf8')
const out = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

/** What literals our scalars take; a schema as text can't say it. */
const KINDS = {
    BigInt: [Kind.STRING, Kind.INT],
    CountryCode: [Kind.STRING, Kind.INT],
    Date: [Kind.STRING],
    DateTime: [Kind.STRING],
    Decimal: [Kind.STRING, Kind.INT],
}

function ours() {
    const schema = buildSchema(read('../../schema.graphql'))
    for (const type of Object.values(schema.getTypeMap())) {
        if (!isScalarType(type) || isSpecifiedScalarType(type)) continue
        type.parseLiteral = (node) => {
            if (!KINDS[type.name].includes(node.kind)) throw new GraphQLError(`${type.name} takes no ${node.kind}`)
            return node.value
        }
    }
    return schema
}

/** The same schema with a root field for each type that a fragment can be on, so that each can be used. */
function open(schema) {
    const root = schema.getQueryType()?.name
    const types = Object.values(schema.getTypeMap()).filter((type) => isCompositeType(type) && !type.name.startsWith('__'))
    const fields = types.map((type) => `any${type.name}: ${type.name}`)
    return root && extendSchema(schema, parse(`extend type ${root} { ${fields.join(' ')} }`))
}

/** A document whose fragments are used, where they were not: else that alone is what is wrong with it. */
function used(text) {
    const document = parse(text)
    const spread = new Set()
    visit(document, { FragmentSpread: (node) => void spread.add(node.name.value) })
    const unused = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION && !spread.has(node.name.value))
    if (unused.length === 0 || unused.length < document.definitions.length) return undefined
    const fields = unused.map(({ name, typeCondition }) => `${name.value}: any${typeCondition.name.value} { ...${name.value} }`)
    return `query Use { ${fields.join(' ')} }\n\n${text}`
}

function verdict(schema, text) {
    let document
    try {
        document = parse(text)
    } catch (error) {
        return { verdict: 'syntax', why: error.message }
    }
    let error
    try {
        ;[error] = validate(schema, document)
    } catch (thrown) {
        // Its rule for the root field of a subscription throws where that depends on variables.
        error = thrown
    }
    return error ? { verdict: 'invalid', why: error.message } : { verdict: 'valid' }
}

let schemas = 0
function tell(schema, documents) {
    // It knows `@oneOf` without a definition, and prints none.
    const printed = printSchema(schema)
    out({ schema: printed.includes('@oneOf') ? `${printed}\ndirective @oneOf on INPUT_OBJECT\n` : printed })
    const seen = new Set()
    for (const { source, text } of documents) {
        if (seen.has(text)) continue
        seen.add(text)
        out({ at: schemas, source, text, ...verdict(schema, text) })
    }
    schemas += 1
}

const mine = ours()
const traps = read('traps.graphql')
    .split(/^#---.*\n/m)
    .map((text) => ({ source: 'trap', text: text.trim() }))
    .filter(({ text }) => text !== '')
const count = Number(process.env.COUNT ?? 1000)
const seed = Number(process.env.SEED ?? 1)
tell(mine, [...traps, ...generate(mine, seed, count)])

const cases = JSON.parse(read('graphql-js.json'))
cases.schemas.forEach((sdl, at) => {
    const texts = cases.documents.filter(({ schema }) => schema === at).map(({ text }) => text)
    const schema = buildSchema(sdl, { assumeValid: true })
    if (!schema.getQueryType()) return
    tell(open(schema), texts.flatMap((text) => [text, used(text)]).filter(Boolean).map((text) => ({ source: 'graphql-js', text })))
})
