// A server of others over the database that the reads are measured on: `node peers.mjs KIND DATABASE_URL`, where KIND is
// mercurius (its JIT on), yoga, apollo or postgraphile. Prints its address once it listens, and ends with its standard input.
//
// The first three have one schema and one set of resolvers, as one writes them with care on this stack: a pool of the same size, named prepared
// statements, DataLoader for each kind of child with one array parameter, the count only where it is selected. No rights, no
// keys, no limits: what this project's server does beside, these do not. PostGraphile makes its own schema of the database.
import DataLoader from 'dataloader';
import { visit } from 'graphql';
import pg from 'pg';

const [kind, url] = process.argv.slice(2);
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);
const pool = new pg.Pool({ connectionString: url, max: Number(process.env.POOL ?? 8) });
const names = new Map();

async function rows(text, values = []) {
    if (!names.has(text)) names.set(text, `q${names.size}`);
    return (await pool.query({ name: names.get(text), text, values })).rows;
}

const typeDefs = `
    type Query {
        assistanceRequest(id: ID!): AssistanceRequest
        assistanceRequests(first: Int!, after: ID): AssistanceRequests!
        urgentRequests(first: Int!, status: String!, priority: Int!, whoRegion: String!): AssistanceRequests!
        needsAnalysis: [Need!]!
        countries: [Country!]!
    }
    type AssistanceRequests { totalCount: Int nodes: [AssistanceRequest!]! }
    type AssistanceRequest {
        id: ID! reference: String! title: String! status: String! priority: Int! neededBy: String peopleInNeed: Int
        createdAt: String! country: Country! items: [RequestItem!]!
    }
    type RequestItem {
        quantity: String! committedQuantity: String! uncoveredQuantity: String! category: Named! commodity: Named
        contributions(first: Int!): [Contribution!]!
    }
    type Contribution { status: String! quantity: String! }
    type Named { code: String! name: String! }
    type Country {
        code: String! iso2: String! m49: String! name: String! officialName: String capital: String whoRegion: String
        unSubregion: String incomeGroup: String population: Int namStatus: String! currency: String needs: Need
    }
    type Need {
        category: String whoRegion: String requestCount: Int! itemCount: Int requestedValueUsd: String deliveredValueUsd: String
        uncoveredValueUsd: String
    }
`;

// One statement for all keys of a level; each row tells its key as `key`.
const one = (text) => new DataLoader(async (keys) => {
    const found = new Map((await rows(text, [keys])).map((row) => [row.key, row]));
    return keys.map((key) => found.get(key) ?? null);
});
const many = (text, ...more) => new DataLoader(async (keys) => {
    const found = new Map(keys.map((key) => [key, []]));
    for (const row of await rows(text, [keys, ...more])) found.get(row.key).push(row);
    return keys.map((key) => found.get(key));
});

const COUNTRY = `code AS key, code, iso2, m49, name, official_name AS "officialName", capital, who_region AS "whoRegion",
    un_subregion AS "unSubregion", income_group AS "incomeGroup", population, nam_status AS "namStatus", currency`;
const REQUEST = `r.id, r.reference, r.title, r.status, r.priority, r.needed_by AS "neededBy", r.people_in_need AS "peopleInNeed",
    r.created_at::text AS "createdAt", r.country_code`;
const URGENT = `FROM assistance_request r JOIN country c ON c.code = r.country_code
    WHERE r.status = $1 AND r.priority = $2 AND c.who_region = $3`;
const USD = (column) => `sum(${column}::numeric * i.unit_cost_e4 / 10000000)::text`;

const loaders = () => ({
    country: one(`SELECT ${COUNTRY} FROM country WHERE code = ANY($1)`),
    category: one('SELECT code AS key, code, name FROM need_category WHERE code = ANY($1)'),
    commodity: one('SELECT code AS key, code, name FROM commodity WHERE code = ANY($1)'),
    items: many(`SELECT request_id AS key, id, category_code, commodity_code, quantity_milli, committed_milli, uncovered_milli
        FROM request_item WHERE request_id = ANY($1) ORDER BY request_id, position, id`),
    contributions: new Map(),
    needs: one(`SELECT r.country_code AS key, count(DISTINCT r.id) AS "requestCount", ${USD('i.approved_milli')} AS "requestedValueUsd",
        ${USD('i.uncovered_milli')} AS "uncoveredValueUsd"
        FROM request_item i JOIN assistance_request r ON r.id = i.request_id
        WHERE r.status IN ('VERIFIED', 'CLOSED') AND r.country_code = ANY($1) GROUP BY 1`),
});
const contributions = (context, first) => {
    if (!context.contributions.has(first)) {
        context.contributions.set(first, many(`SELECT i.id AS key, c.status, c.quantity_milli FROM unnest($1::uuid[]) AS i(id)
            CROSS JOIN LATERAL (SELECT status, quantity_milli FROM contribution WHERE item_id = i.id
            ORDER BY id LIMIT $2) c`, first));
    }
    return context.contributions.get(first);
};
const quantity = (milli) => String(milli / 1000);
// Whether the operation selects the count anywhere: enough for the queries that are measured.
const counts = (info) => {
    let found = false;
    visit(info.operation, { Field: (node) => { found ||= node.name.value === 'totalCount'; } });
    return found;
};

const resolvers = {
    Query: {
        assistanceRequest: async (_, { id }) =>
            (await rows(`SELECT ${REQUEST} FROM assistance_request r WHERE r.id = $1 AND r.verified_at IS NOT NULL`, [id]))[0],
        assistanceRequests: async (_, { first, after }) => {
            const nodes = after
                ? await rows(`SELECT ${REQUEST} FROM assistance_request r WHERE r.id > $1 ORDER BY r.id LIMIT $2`, [after, first])
                : await rows(`SELECT ${REQUEST} FROM assistance_request r ORDER BY r.id LIMIT $1`, [first]);
            return { nodes };
        },
        urgentRequests: async (_, { first, status, priority, whoRegion }, __, info) => {
            const of = [status, priority, whoRegion];
            const page = rows(`SELECT ${REQUEST} ${URGENT} ORDER BY r.needed_by NULLS LAST, r.id LIMIT $4`, [...of, first]);
            const count = counts(info) ? rows(`SELECT count(*) AS n ${URGENT}`, of) : [{}];
            return { nodes: await page, totalCount: (await count)[0].n };
        },
        needsAnalysis: () => rows(`SELECT c.who_region AS "whoRegion", split_part(i.category_code, '.', 1) AS category, count(*) AS "itemCount",
            count(DISTINCT r.id) AS "requestCount", ${USD('i.approved_milli')} AS "requestedValueUsd", ${USD('i.delivered_milli')} AS "deliveredValueUsd",
            ${USD('i.uncovered_milli')} AS "uncoveredValueUsd"
            FROM request_item i JOIN assistance_request r ON r.id = i.request_id JOIN country c ON c.code = r.country_code
            WHERE r.status IN ('VERIFIED', 'CLOSED') GROUP BY 1, 2`),
        countries: () => rows(`SELECT ${COUNTRY} FROM country ORDER BY name`),
    },
    AssistanceRequest: {
        id: (row) => row.id,
        country: (row, _, context) => context.country.load(row.country_code),
        items: (row, _, context) => context.items.load(row.id),
    },
    RequestItem: {
        quantity: (row) => quantity(row.quantity_milli),
        committedQuantity: (row) => quantity(row.committed_milli),
        uncoveredQuantity: (row) => quantity(row.uncovered_milli),
        category: (row, _, context) => context.category.load(row.category_code),
        commodity: (row, _, context) => row.commodity_code && context.commodity.load(row.commodity_code),
        contributions: (row, { first }, context) => contributions(context, first).load(row.id),
    },
    Contribution: { quantity: (row) => quantity(row.quantity_milli) },
    Country: { needs: (row, _, context) => context.needs.load(row.code) },
};

const listening = (port) => process.stdout.write(`127.0.0.1:${port}\n`);
if (kind === 'mercurius') {
    const { default: Fastify } = await import('fastify');
    const { default: mercurius } = await import('mercurius');
    const app = Fastify();
    await app.register(mercurius, { schema: typeDefs, resolvers, context: loaders, jit: 1 });
    await app.listen({ host: '127.0.0.1', port: 0 });
    listening(app.server.address().port);
} else if (kind === 'yoga') {
    const { createServer } = await import('node:http');
    const { createSchema, createYoga } = await import('graphql-yoga');
    const server = createServer(createYoga({ schema: createSchema({ typeDefs, resolvers }), context: loaders, logging: false }));
    server.listen(0, '127.0.0.1', () => listening(server.address().port));
} else if (kind === 'apollo') {
    const { ApolloServer } = await import('@apollo/server');
    const { startStandaloneServer } = await import('@apollo/server/standalone');
    const server = new ApolloServer({ typeDefs, resolvers });
    const { url: at } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 }, context: async () => loaders() });
    listening(new URL(at).port);
} else if (kind === 'postgraphile') {
    // It says that it needs Node.js 22. This is all of 22 that answering queries needs, so that all run on the same.
    Promise.withResolvers ??= function withResolvers() {
        const told = {};
        told.promise = new this((resolve, reject) => Object.assign(told, { resolve, reject }));
        return told;
    };
    const { createServer } = await import('node:http');
    const { postgraphile } = await import('postgraphile');
    const { PostGraphileAmberPreset } = await import('postgraphile/presets/amber');
    const { makePgService } = await import('postgraphile/adaptors/pg');
    const { TYPES } = await import('postgraphile/@dataplan/pg');
    const { grafserv } = await import('postgraphile/grafserv/node');
    const { addPgTableCondition } = await import('postgraphile/utils');
    // A condition of another table, which one adds like this.
    const whoRegion = addPgTableCondition(
        { schemaName: 'public', tableName: 'assistance_request' },
        'whoRegion',
        (build) => ({ type: build.graphql.GraphQLString }),
        (value, { sql, sqlTableAlias, sqlValueWithCodec }) =>
            sql`${sqlTableAlias}.country_code IN (SELECT code FROM country WHERE who_region = ${sqlValueWithCodec(value, TYPES.text)})`,
    );
    const instance = postgraphile({
        extends: [PostGraphileAmberPreset],
        plugins: [whoRegion],
        pgServices: [makePgService({ connectionString: url, schemas: ['public'], poolConfig: { max: pool.options.max } })],
        grafserv: { watch: false, graphiql: false },
    });
    const server = createServer();
    await instance.createServ(grafserv).addTo(server);
    await instance.getSchema();
    server.listen(0, '127.0.0.1', () => listening(server.address().port));
} else {
    throw new Error(`${kind} is none of mercurius, yoga, apollo, postgraphile`);
}
process.stdin.resume().on('end', () => process.exit());
