// The only file that speaks to Tauri.

import { invoke } from "@tauri-apps/api/core";

import type { Backend } from "./backend";

export const tauri: Backend = {
  changes: (after) => invoke("changes", { after }),
  look: (view) => invoke("look", { view }),
  start: (forward) => invoke("start", { forward }),
  parsePort: (text) => invoke("parse_port", { text }),
  stop: (id) => invoke("stop", { id }),
  retry: (id) => invoke("retry", { id }),
  setBalance: (id, balance) => invoke("set_balance", { id, balance }),
  moveTo: (id, uid) => invoke("move_to", { id, uid }),
  events: (id, after) => invoke("events", { id, after }),
  instead: (id) => invoke("instead", { id }),
  waitForName: (id) => invoke("wait_for_name", { id }),
  signIn: (context) => invoke("sign_in", { context }),
  copy: (text) => invoke("copy", { text }),
  visit: (id, slot) => invoke("visit", { id, slot }),
  reloadKubeconfig: () => invoke("reload_kubeconfig"),
  demo: () => invoke("demo"),
};
