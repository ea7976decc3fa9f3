import { defineConfig } from "vite";

// One script and one style sheet with fixed names, so that a rebuild can be compared byte for byte.
export default defineConfig({
  base: "/static/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: process.env.VIGIE_PAGE_OUT ?? "../static",
    emptyOutDir: true,
    sourcemap: false,
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: { entryFileNames: "page.js", assetFileNames: "page[extname]" },
    },
  },
});
