import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  clearScreen: false,
  // tauri.conf.json names this address; another port would leave the window blank.
  server: { host: "127.0.0.1", port: 1420, strictPort: true },
  preview: { host: "127.0.0.1", port: 1421, strictPort: true },
  build: {
    outDir: "dist",
    // The polyfill and inlined assets would ask for a wider content security policy than the window has.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  // A loaded machine takes its time.
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"], testTimeout: 30_000 },
});
