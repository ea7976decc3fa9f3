import { defineConfig } from "vite";

// Fixed names, so that a rebuild can be compared byte for byte: one script and one style sheet for
// the page, and what opens clips in a script of its own that is fetched with the first one.
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
      output: {
        entryFileNames: "page.js",
        // HPKE's library asks for Node's "crypto" where the browser has none; absent.js is nothing.
        chunkFileNames: ({ name }) => (name.startsWith("__vite") ? "absent.js" : `${name}.js`),
        assetFileNames: "page[extname]",
      },
    },
  },
});
