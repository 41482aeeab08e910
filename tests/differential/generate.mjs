// Documents for a schema: some that are right, and some that were right before something in them was changed. The same
// seed gives the same documents.

import {
    Kind,
    TokenKind,
    Lexer,
    Source,
    getNamedType,
    getNullableType,
    isAbstractType,
    isCompositeType,
    isEnumType,
    isInputObjectType,
    isLeafType,
    isListType,
    isNonNullType,
    isObjectType,
    isRequiredArgument,
    isRequiredInputField,
    parse,
    print,
    visit,
} from 'graphql'

/** Numbers below 1 that only depend on the seed: mulberry32. */
function randomness(seed) {
    let state = seed >>> 0
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0
        let mixed = Math.imul(state ^ (state >>> 15), state | 1)
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
    }
    const below = (count) => Math.floor(next() * count)
    return { below, chance: (share) => next() < share, pick: (list) => list[below(list.length)] }
}

/** How our scalars are written. */
const LITERALS = {
    Int: ['0', '1', '25'],
    Float: ['1.5', '2'],
    String: ['"a"', '"""b"""'],
    Boolean: ['true', 'false'],
    ID: ['"x"', '7'],
    BigInt: ['5', '"9007199254740993"'],
    Decimal: ['"12.5"', '3'],
    CountryCode: ['"BGD"'],
    Date: ['"2020-05-04"'],
    DateTime: ['"2020-05-04T12:00:00Z"'],
}

class Writer {
    constructor(schema, random) {
        Object.assign(this, { schema, random, count: 0, variables: [], fragments: [] })
    }

    document() {
        const { schema, random } = this
        const kind = random.pick(['query', 'query', 'query', 'query', 'mutation', 'subscription'])
        const root = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[kind]
        const body = this.selections(root, 4, kind === 'subscription' ? 1 : 3)
        const variables = this.variables.map(({ name, type, value }) => `$${name}: ${type}${value ? ` = ${value}` : ''}`)
        const head = variables.length > 0 || kind !== 'query' || random.chance(0.5) ? `${kind} Q${variables.length > 0 ? `(${variables.join(', ')})` : ''} ` : ''
        return [head + body, ...this.fragments].join('\n\n') + '\n'
    }

    selections(type, depth, most) {
        const { random } = this
        const fields = isCompositeType(type) && type.getFields ? Object.values(type.getFields()) : []
        const parts = []
        for (let left = 1 + random.below(most); left > 0; left--) {
            const deep = random.chance(0.15) && depth > 0 && most > 1
            if (fields.length === 0) parts.push('__typename')
            else if (deep && isAbstractType(type)) parts.push(this.inline(random.pick(this.schema.getPossibleTypes(type)), depth))
            else if (deep && random.chance(0.5)) parts.push(this.inline(type, depth))
            else if (deep) parts.push(this.spread(type, depth))
            else parts.push(this.field(random.pick(fields), depth))
        }
        return `{ ${parts.join(' ')} }`
    }

    inline(type, depth) {
        const on = this.random.chance(0.7) ? ` on ${type.name}` : ''
        return `...${on || this.random.chance(0.5) ? ` on ${type.name}` : ''}${this.directive()} ${this.selections(type, depth - 1, 3)}`
    }

    spread(type, depth) {
        const name = `F${this.fragments.length}`
        const place = this.fragments.push('') - 1
        this.fragments[place] = `fragment ${name} on ${type.name} ${this.selections(type, depth - 1, 3)}`
        return `...${name}${this.directive()}`
    }

    field(field, depth) {
        const { random } = this
        const inner = getNamedType(field.type)
        if (!isLeafType(inner) && depth <= 0) return '__typename'
        const given = field.args.filter((argument) => isRequiredArgument(argument) || random.chance(0.25))
        const args = given.map((argument) => `${argument.name}: ${this.value(argument.type, 3, argument.defaultValue !== undefined)}`)
        const alias = args.length > 0 || random.chance(0.1) ? `a${this.count++}: ` : ''
        const body = isLeafType(inner) ? '' : ` ${this.selections(inner, depth - 1, 3)}`
        return `${alias}${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${this.directive()}${body}`
    }

    directive() {
        if (!this.random.chance(0.05)) return ''
        return ` @${this.random.pick(['include', 'skip'])}(if: ${this.value(this.schema.getDirective('skip').args[0].type, 1)})`
    }

    value(type, depth, hasDefault = false) {
        const { random } = this
        if (random.chance(0.2)) return this.variable(type, hasDefault)
        if (isNonNullType(type)) return this.literal(type.ofType, depth)
        return random.chance(0.05) ? 'null' : this.literal(type, depth)
    }

    variable(type, hasDefault) {
        const { random } = this
        const name = `v${this.variables.length}`
        const plain = isNonNullType(type) ? type.ofType : type
        const loose = isNonNullType(type) && (hasDefault || isLeafType(plain)) && random.chance(0.3)
        const value = loose && !hasDefault ? this.constant(() => this.literal(plain, 1)) : ''
        this.variables.push({ name, type: loose ? String(plain) : isNonNullType(type) || random.chance(0.8) ? String(type) : `${type}!`, value })
        return `$${name}`
    }

    /** A value without variables. */
    constant(make) {
        const { random } = this
        this.random = { ...random, chance: (share) => share !== 0.2 && random.chance(share) }
        const made = make()
        this.random = random
        return made
    }

    literal(type, depth) {
        const { random } = this
        if (isListType(type)) {
            if (random.chance(0.2)) return this.value(type.ofType, depth)
            return `[${Array.from({ length: random.below(3) }, () => this.value(type.ofType, depth)).join(', ')}]`
        }
        if (isEnumType(type)) return random.pick(type.getValues()).name
        if (!isInputObjectType(type)) return random.pick(LITERALS[type.name])
        const fields = Object.values(type.getFields())
        const optional = (field) => (depth > 0 ? random.chance(2 / fields.length) : false)
        const given = type.isOneOf ? [random.pick(fields)] : fields.filter((field) => isRequiredInputField(field) || optional(field))
        const one = (field) => {
            const required = type.isOneOf ? this.random.chance(0) : false
            return `${field.name}: ${type.isOneOf || required ? this.literal(getNullableType(field.type), depth - 1) : this.value(field.type, depth - 1)}`
        }
        return `{${given.map(one).join(', ')}}`
    }
}

function tokens(text) {
    const lexer = new Lexer(new Source(text))
    const found = []
    for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
        found.push(text.slice(token.start, token.end))
    }
    return found
}

/** Changes what is written. */
function garble(text, random, names) {
    const list = tokens(text)
    for (let times = 1 + random.below(2); times > 0 && list.length > 1; times--) {
        const at = random.below(list.length)
        const isName = /^[A-Za-z_]/.test(list[at])
        random.pick([
            () => list.splice(at, 1),
            () => list.splice(at, 0, list[at]),
            () => list.splice(at, 2, list[at + 1] ?? '', list[at]),
            () => (list[at] = random.pick(list)),
            () => (list[at] = isName ? random.pick(names) : random.pick(['1', '"x"', '1.5', 'true', 'null', '[]', '{}', 'ENUM', '$v0', '!'])),
            () => (list[at] = isName ? random.pick(names) : list[at]),
            () => (list[at] = isName ? random.pick(list.filter((one) => /^[A-Za-z_]/.test(one))) : list[at]),
        ])()
    }
    return list.join(' ') + '\n'
}

/** Changes what is meant: one node of a kind is replaced, dropped or doubled. */
const CHANGES = [
    [Kind.VARIABLE_DEFINITION, () => null],
    [Kind.VARIABLE_DEFINITION, (node) => ({ ...node, type: node.type.kind === Kind.NON_NULL_TYPE ? node.type.type : { kind: Kind.LIST_TYPE, type: node.type } })],
    [Kind.VARIABLE_DEFINITION, (node) => ({ ...node, type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'String' } } })],
    [Kind.VARIABLE_DEFINITION, (node) => ({ ...node, defaultValue: { kind: Kind.NULL } })],
    [Kind.ARGUMENT, () => null],
    [Kind.ARGUMENT, (node) => ({ ...node, value: { kind: Kind.NULL } })],
    [Kind.ARGUMENT, (node) => ({ ...node, value: { kind: Kind.LIST, values: [node.value, node.value] } })],
    [Kind.OBJECT_FIELD, () => null],
    [Kind.OBJECT_FIELD, (node) => ({ ...node, value: { kind: Kind.NULL } })],
    [Kind.OBJECT_FIELD, (node) => ({ ...node, value: { kind: Kind.INT, value: '3' } })],
    [Kind.OBJECT, (node) => ({ ...node, fields: [...node.fields, ...node.fields] })],
    [Kind.OBJECT, (node) => ({ ...node, fields: [] })],
    [Kind.INT, () => ({ kind: Kind.INT, value: '2147483648' })],
    [Kind.STRING, () => ({ kind: Kind.ENUM, value: 'WORD' })],
    [Kind.ENUM, (node) => ({ kind: Kind.STRING, value: node.value })],
    [Kind.FIELD, (node) => ({ ...node, selectionSet: undefined })],
    [Kind.FIELD, (node) => ({ ...node, alias: { kind: Kind.NAME, value: 'a0' } })],
    [Kind.FIELD, (node) => ({ ...node, alias: { kind: Kind.NAME, value: 'id' } })],
    [Kind.FIELD, (node) => ({ ...node, name: { kind: Kind.NAME, value: 'id' }, selectionSet: undefined, arguments: [] })],
    [Kind.FIELD, (node) => ({ ...node, arguments: [...node.arguments, ...node.arguments] })],
    [Kind.FRAGMENT_SPREAD, () => null],
    [Kind.FRAGMENT_SPREAD, (node) => ({ ...node, name: { kind: Kind.NAME, value: 'F0' } })],
    [Kind.FRAGMENT_DEFINITION, () => null],
    [Kind.FRAGMENT_DEFINITION, (node) => ({ ...node, selectionSet: { ...node.selectionSet, selections: [...node.selectionSet.selections, { kind: Kind.FRAGMENT_SPREAD, name: node.name }] } })],
    [Kind.INLINE_FRAGMENT, (node) => ({ ...node, typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: 'Country' } } })],
    [Kind.DIRECTIVE, (node) => ({ ...node, arguments: [] })],
    [Kind.OPERATION_DEFINITION, (node) => ({ ...node, operation: 'mutation' })],
    [Kind.OPERATION_DEFINITION, (node) => ({ ...node, operation: 'subscription' })],
    [
        Kind.SELECTION_SET,
        (node, random) => {
            const twin = random.pick(node.selections)
            const change = (child) => (child.kind === Kind.FIELD ? { ...child, arguments: child.arguments.slice(1), selectionSet: child.selectionSet && { ...child.selectionSet, selections: child.selectionSet.selections.slice(0, 1) } } : child)
            return { ...node, selections: [...node.selections, change(twin)] }
        },
    ],
    [
        Kind.SELECTION_SET,
        (node, random) => {
            const twin = random.pick(node.selections)
            const longer = (value) => (value.kind === Kind.LIST ? { ...value, values: [...value.values, ...value.values.slice(0, 1)] } : value)
            const change = (child) => (child.kind === Kind.FIELD ? { ...child, arguments: child.arguments.map((one) => ({ ...one, value: longer(one.value) })) } : child)
            return { ...node, selections: [...node.selections, change(twin)] }
        },
    ],
]

function change(text, random) {
    const document = parse(text)
    const [kind, edit] = random.pick(CHANGES)
    let places = 0
    visit(document, { [kind]: () => void places++ })
    if (places === 0) return undefined
    let left = random.below(places)
    return print(visit(document, { [kind]: (node) => (left-- === 0 ? edit(node, random) : undefined) })) + '\n'
}

/** So many documents of each kind for this schema. */
export function generate(schema, seed, count) {
    const random = randomness(seed)
    const names = Object.values(schema.getTypeMap())
        .filter((type) => isObjectType(type) || isInputObjectType(type))
        .flatMap((type) => [type.name, ...Object.keys(type.getFields())])
    const made = []
    for (let number = 0; number < count; number++) {
        const text = new Writer(schema, random).document()
        made.push({ source: 'written', text })
        made.push({ source: 'garbled', text: garble(text, random, names) })
        for (let tries = 0; tries < 8; tries++) {
            const changed = change(text, random)
            if (changed === undefined) continue
            made.push({ source: 'changed', text: changed })
            break
        }
    }
    return made
}
