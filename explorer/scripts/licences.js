// Lists the npm packages whose code really is in the bundle, with their licences, in LICENSES.txt and dist/LICENSES.txt.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ALLOWED = new Set(["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD"]);

// What Monaco carries inside its own package.
const WITHIN_MONACO = `Within monaco-editor:
  DOMPurify      Apache-2.0 (chosen from "Apache-2.0 OR MPL-2.0"), (c) Cure53 and other contributors
  marked         MIT, Copyright (c) 2018+ MarkedJS, Copyright (c) 2011-2018 Christopher Jeffrey
  vscode-codicons (the font codicon-*.ttf, unchanged)
                 CC-BY-4.0, (c) Microsoft Corporation, https://github.com/microsoft/vscode-codicons
`;

export function licences() {
  const packages = new Map();

  function see(id) {
    const at = id.match(/^\0?(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//);
    if (at && !packages.has(at[1])) packages.set(at[1], describe(at[1]));
  }

  return {
    collect: () => ({
      name: "collect-licences",
      generateBundle(_options, bundle) {
        for (const chunk of Object.values(bundle)) {
          for (const [id, module] of Object.entries(chunk.modules ?? {})) {
            if (module.renderedLength > 0 || id.includes(".css")) see(id);
          }
        }
      },
    }),
    write: () => ({
      name: "write-licences",
      apply: "build",
      writeBundle(options) {
        const text = render([...packages.values()]);
        writeFileSync("LICENSES.txt", text);
        writeFileSync(join(options.dir, "LICENSES.txt"), text);
      },
    }),
  };
}

function describe(directory) {
  const { name, version, license, repository } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  if (!ALLOWED.has(license)) throw new Error(`${name} ${version} is under "${license}": look at it before it is bundled`);
  const file = readdirSync(directory).find((entry) => /^licen[cs]e(\.(md|txt))?$/i.test(entry));
  const text = file
    ? readFileSync(join(directory, file), "utf8").replaceAll("\r", "").trim()
    : `(${license}, from ${repository?.url ?? repository}; the package carries no licence text)`;
  return { name, version, license, text };
}

function render(packages) {
  packages.sort((a, b) => (label(a) < label(b) ? -1 : 1));
  const rows = packages.map((each) => `  ${label(each).padEnd(48)}${each.license}`);
  const groups = new Map();
  for (const each of packages) groups.set(each.text, [...(groups.get(each.text) ?? []), label(each)]);
  const texts = [...groups].map(([text, names]) => `${"-".repeat(80)}\n${names.join(", ")}\n\n${text}\n`);
  return `Third-party software in the explorer's bundle. Written by \`npm run build\`.\n\n${rows.join("\n")}\n\n${WITHIN_MONACO}\n${texts.join("\n")}`;
}

function label({ name, version }) {
  return `${name} ${version}`;
}
