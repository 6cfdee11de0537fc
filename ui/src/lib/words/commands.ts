// The words of commands, of the palette that finds them and of the keys that run them.

/** What commands belong together, by what they concern. */
export type CommandGroup = "go" | "app" | "session" | "profile" | "comparison" | "context" | "row";

export function groupName(group: CommandGroup): string {
  return { go: "Go", app: "Portolan", session: "Session", profile: "Profile", comparison: "Comparison", context: "Context", row: "List" }[group];
}

export const commands = {
  palette: "Run any command",
  filter: "Filter the list",
  back: "Back to the list",
  sessions: "Go to the sessions",
  region: "Go to the next part of the window",
  keys: "Keyboard shortcuts",
  profiles: "Show all profiles",
  settings: "Settings",
  import: "Import and export",
  startProfile: (name: string) => `Start ${name}`,
  stopProfile: (name: string) => `Stop ${name}`,
  editProfile: (name: string) => `Edit ${name}`,
  demo: "Try the demo cluster",
  reload: "Read the kubeconfig again",
  show: (what: string) => `Show ${what}`,
  showSession: "Show its card",
  copy: (address: string) => `Copy ${address}`,
  visit: (address: string) => `Open http://${address} in the browser`,
  spread: (how: string) => `Make new connections ${how.toLowerCase()}`,
  compare: "Compare with a pod",
  compareRow: (name: string, port: number) => `Compare ${name}:${port} with a pod`,
  explain: (name: string) => `Explain ${name}`,
  open: (name: string, port: string) => `Open ${name} ${port}`,
  showOpen: (name: string, mapping: string) => `Show the session of ${name} ${mapping}`,
  context: (name: string) => `Open context ${name}`,
  protect: (name: string) => `Protect context ${name}`,
  unprotect: (name: string) => `Take the protection off context ${name}`,
  namespace: (name: string) => `Go to namespace ${name}`,
  copyComparison: "Copy the comparison as Markdown",
  saveComparison: "Save the comparison as JSON",
  closeComparison: "Close the comparison",
} as const;

export const palette = {
  name: "Commands",
  hint: "What do you want to do?",
  none: (query: string) => `Nothing to do matches “${query}”.`,
  found: (n: number) => (n === 1 ? "1 command" : `${n} commands`),
} as const;

export const keys = {
  title: "Keyboard shortcuts",
  anywhere: "Anywhere",
  inList: "In the list",
  inPalette: "Among commands",
  close: "Close",
} as const;

/** What keys do in one place of the window, where no command stands behind them. */
export const keysThere: { readonly where: string; readonly keys: readonly { readonly chords: readonly string[]; readonly what: string }[] }[] = [
  {
    where: keys.inList,
    keys: [
      { chords: ["arrowdown", "arrowup"], what: "The next and the previous row" },
      { chords: ["arrowright", "arrowleft"], what: "Along a row: ports, + port, compare, explain" },
      { chords: ["enter"], what: "Open the port, or show its session" },
      { chords: ["pagedown", "pageup"], what: "A page further and back" },
      { chords: ["home", "end"], what: "The first and the last row" },
    ],
  },
  {
    where: keys.inPalette,
    keys: [
      { chords: ["arrowdown", "arrowup"], what: "The next and the previous command" },
      { chords: ["enter"], what: "Run it" },
      { chords: ["escape"], what: "Close" },
    ],
  },
];

/** What went wrong with a command, dismissed by this. */
export const dismiss = "Dismiss";
