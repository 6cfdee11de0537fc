// Profiles for tests and for the pretended engine.

import type { ProfileView } from "../generated/ProfileView";
import type { ProfilesView } from "../generated/ProfilesView";
import type { SavedView } from "../generated/SavedView";
import type { Taken } from "../generated/Taken";
import type { FakeBackend } from "./fake";
import { problem, staging } from "./samples";

export function saved(target: string, mapping: string, more: Partial<SavedView> = {}): SavedView {
  return { context: staging, namespace: "shop", target, ports: [mapping], address: [], exposed: false, other_server: null, ...more };
}

export function profile(name: string, place: number, more: Partial<ProfileView> = {}): ProfileView {
  return {
    name, place, group: "", note: "", colour: null, pinned: true, autostart: false, used_at: 0,
    forwards: [saved(`svc/${name}`, `${8080 + place}:80`)], run: { state: "idle" }, ...more,
  };
}

export function taken(port: number, more: Partial<Taken> = {}): Taken {
  const why = problem("port_taken", `Port ${port} on 127.0.0.1 is taken: postgres (pid 812) listens there.`, "Choose another local port.");
  const remedies: Taken["remedies"] = [{ type: "port", port: port + 1 }, { type: "address", address: "127.0.0.2" }];
  return { forward: 0, slot: 0, port, problem: why, remedies, ...more };
}

export function setProfile(backend: FakeBackend, value: ProfileView): void {
  backend.set(`profile/${value.name}`, { part: "profile", value });
}

export function setKept(backend: FakeBackend, more: Partial<ProfilesView> = {}): void {
  backend.set("profiles", { part: "profiles", value: { problem: null, removed: null, left_open: [], ...more } });
}

/** A shelf as somebody has it who uses it every day. */
export function shelf(backend: FakeBackend): void {
  const all = [
    profile("web", 0, { run: { state: "open", sessions: [6], moved: false }, autostart: true }),
    profile("postgres", 1, { group: "payments", run: { state: "blocked", taken: [taken(5432)] }, forwards: [saved("sts/db", "5432:5432")] }),
    profile("all of shop", 2, {
      group: "payments", colour: 3, note: "what the checkout needs",
      forwards: [saved("svc/web", "8080:80"), saved("svc/cart", "8081:80"), saved("svc/db", "5433:5432", { address: ["0.0.0.0"], exposed: true })],
    }),
    profile("search", 3, { pinned: false, used_at: 2 }),
    profile("old metrics", 4, { pinned: false, used_at: 9, forwards: [saved("svc/metrics", "9090:9090", { other_server: "https://new.example:6443" })] }),
  ];
  for (const one of all) setProfile(backend, one);
  setKept(backend, { removed: "tracing", left_open: [saved("svc/web", "8080:80"), saved("svc/db", "5432:5432")] });
}
