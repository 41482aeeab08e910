import { defineConfig } from "vite";
import { licences } from "./scripts/licences.js";
import { trim } from "./scripts/trim.js";

const bundled = licences();

export default defineConfig({
  base: "/explorer/",
  plugins: [trim(), bundled.collect(), bundled.write()],
  // Prettier 3 keeps the old name as a copy of the new; without this the bundle has both.
  resolve: { alias: { "prettier/parser-graphql": "prettier/plugins/graphql" } },
  worker: { format: "es", plugins: () => [bundled.collect()] },
  build: {
    target: "es2022",
    assetsDir: "",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      onLog(level, log, report) {
        // "use client" and the like mean nothing in a page that is not rendered on a server.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
      },
    },
  },
});
