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
  protect: (context, protect) => invoke("protect", { context, protected: protect }),
  compare: (context, namespace, service, port) => invoke("compare", { context, namespace, service, port }),
  startComparison: () => invoke("start_comparison"),
  askComparison: (method, path) => invoke("ask_comparison", { method, path }),
  deleteComparedPod: (uid) => invoke("delete_compared_pod", { uid }),
  rollCompared: () => invoke("roll_compared"),
  closeComparison: () => invoke("close_comparison"),
  probes: (after) => invoke("probes", { after }),
  comparisonMarkdown: () => invoke("comparison_markdown"),
  saveComparison: () => invoke("save_comparison"),
  explain: (context, namespace, service, ports) => invoke("explain", { context, namespace, service, ports }),
  changeSetting: (change) => invoke("change_setting", { change }),
  silence: (id, silent) => invoke("silence", { id, silent }),
};
