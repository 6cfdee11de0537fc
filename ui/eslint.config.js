import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import { defineConfig } from "eslint/config";
import globals from "globals";
import ts from "typescript-eslint";

import svelteConfig from "./svelte.config.js";

export default defineConfig(
  { ignores: ["dist/", "node_modules/", "src/generated/"] },
  js.configs.recommended,
  ts.configs.strict,
  svelte.configs.recommended,
  { languageOptions: { globals: globals.browser } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
    // The compiler knows the runes and the types; this rule does not.
    rules: { "no-undef": "off" },
  },
  {
    rules: {
      eqeqeq: "error",
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["@tauri-apps/*"], message: "Only lib/tauri.ts speaks to Tauri; use Backend." }] },
      ],
      "svelte/no-at-html-tags": "error",
      // The window's policy blocks style attributes; classes and data attributes carry what differs.
      "svelte/no-inline-styles": "error",
    },
  },
  { files: ["src/lib/tauri.ts"], rules: { "no-restricted-imports": "off" } },
);
