// Holds src/examples.ts to a schema: `npm run check -- [SCHEMA]`, by default the project's schema.graphql.
import { readFileSync } from "node:fs";
import { buildSchema, getVariableValues, parse, validate } from "graphql";
import { createServer } from "vite";

const schema = buildSchema(readFileSync(process.argv[2] ?? "../schema.graphql", "utf8"));
const server = await createServer({ server: { middlewareMode: true, hmr: false, ws: false }, appType: "custom", logLevel: "error" });
const { EXAMPLES } = await server.ssrLoadModule("/src/examples.ts");
await server.close();

let failed = 0;
for (const { title, query, variables = {} } of EXAMPLES) {
  const document = parse(query);
  const errors = [...validate(schema, document)];
  for (const operation of document.definitions) {
    if (operation.kind !== "OperationDefinition" || errors.length > 0) continue;
    errors.push(...(getVariableValues(schema, operation.variableDefinitions ?? [], variables).errors ?? []));
  }
  for (const error of errors) console.error(`${title}: ${error.message}`);
  failed += errors.length;
}
console.log(`${EXAMPLES.length} examples, ${failed} errors`);
process.exit(failed ? 1 : 0);
