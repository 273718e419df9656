import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The first paint waits for the entry, so that a chosen theme never flashes; an inline script is forbidden by the CSP. */
const paintAfterEntry: Plugin = {
  name: 'paint-after-entry',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (html) => html.replace('<script type="module"', '<script type="module" blocking="render"'),
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), paintAfterEntry],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The CSP allows only files of our own: nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:4590' } },
});
