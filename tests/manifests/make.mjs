// Makes manifests with the tools that people use, in the folder that is named: relay.json by the Relay compiler, and
// codegen/persisted-documents.json by graphql-codegen. `tests/manifests.rs` runs this.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generate } from '@graphql-codegen/cli'

const here = fileURLToPath(new URL('.', import.meta.url))
const out = resolve(process.argv[2])
const work = join(out, 'work')
const schema = join(here, '../../schema.graphql')

rmSync(out, { recursive: true, force: true })
mkdirSync(join(out, 'codegen'), { recursive: true })
cpSync(join(here, 'app'), work, { recursive: true })

// The Relay compiler looks for everything below its own folder.
const relay = join(work, 'relay')
cpSync(schema, join(relay, 'schema.graphql'))
const config = {
    src: '.',
    schema: 'schema.graphql',
    language: 'javascript',
    artifactDirectory: '__generated__',
    persistConfig: { file: 'relay.json' },
}
mkdirSync(join(relay, '__generated__'))
writeFileSync(join(relay, 'relay.config.json'), JSON.stringify(config))
writeFileSync(join(relay, 'relay.json'), '{}')
execFileSync(join(here, 'node_modules/.bin/relay-compiler'), ['relay.config.json'], { cwd: relay, stdio: 'inherit' })
cpSync(join(relay, 'relay.json'), join(out, 'relay.json'))

const made = join(work, 'codegen/made/')
await generate(
    {
        schema,
        documents: join(work, 'codegen/*.ts'),
        silent: true,
        generates: { [made]: { preset: 'client', presetConfig: { persistedDocuments: true } } },
    },
    true,
)
cpSync(join(made, 'persisted-documents.json'), join(out, 'codegen/persisted-documents.json'))
rmSync(work, { recursive: true })
