// What GraphiQL brings along and this page does without. Each cut says when a new version no longer has its place.
const CUTS = [
  {
    // The answer pane previews an image whose address stands in an answer: it fetches it, wherever it is.
    file: "/@graphiql/react/dist/components/image-preview.js",
    cut: () => "export const ImagePreview = Object.assign(() => null, { shouldRender: () => false });",
  },
  {
    // Half a megabyte of prettier to indent the variables; jsonc-parser is here already and does it too.
    file: "/@graphiql/react/dist/utility/jsonc.js",
    cut: (code) =>
      code.replace(
        /async function formatJSONC\(content\) \{.*?\n\}\n/s,
        `import { applyEdits, format } from "jsonc-parser";
        const formatJSONC = async (content) => applyEdits(content, format(content, undefined, { tabSize: 2, insertSpaces: true }));
        `,
      ),
  },
];

export function trim() {
  const left = new Set(CUTS);
  return {
    name: "trim",
    enforce: "pre",
    transform(code, id) {
      const found = CUTS.find(({ file }) => id.endsWith(file));
      if (!found) return;
      const trimmed = found.cut(code);
      if (trimmed !== code) left.delete(found);
      return { code: trimmed, map: null };
    },
    buildEnd(error) {
      if (!error && left.size > 0) this.error(`nothing to cut in ${[...left].map(({ file }) => file).join(", ")}`);
    },
  };
}
