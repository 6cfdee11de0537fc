// Lists that may not be read: the Role to ask for, and names that are typed all the same.

import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { active, context, forbidden, forward, listPart, port, problem, role, service, session, shop, staging, view } from "../src/dev/samples";
import type { Namespaces } from "../src/generated/Namespaces";
import { forbiddenList } from "../src/lib/words/forbidden";
import Window from "../src/window/Window.svelte";

let backend: FakeBackend;
const calls = (name: string) => backend.calls.filter(([called]) => called === name).map(([, ...args]) => args);
const field = (id: string) => screen.getByTestId(id) as HTMLInputElement;

beforeEach(() => {
  backend = new FakeBackend();
  backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/etc/kube"], problem: null } });
  setNamespaces({ state: "known", names: ["shop"] });
});

function setNamespaces(namespaces: Namespaces) {
  backend.set("context/default/staging", { part: "context", value: context("staging", { reach: { state: "reachable" }, namespaces }) });
}

async function shown(status = forbidden("services", "pods"), of = view()): Promise<HTMLElement> {
  backend.set("list", listPart(of, status));
  render(Window, { backend });
  return screen.findByTestId("list-forbidden");
}

async function type(name: string, port: string) {
  await fireEvent.click(screen.getByTestId("type-name"));
  await fireEvent.input(field("name-input"), { target: { value: name } });
  await fireEvent.input(field("name-port-input"), { target: { value: port } });
  await fireEvent.click(screen.getByTestId("open-name"));
}

describe("what is said of a list that may not be read", () => {
  const all = { scope: "all" } as const;
  it.each([
    ["services", ["services", "pods"], shop, "You may not list services in shop."],
    ["services", ["services"], all, "You may not list services in all namespaces."],
    ["services", ["pods"], shop, "You may not list pods in shop: which services have ready pods is not known."],
    ["pods", ["pods"], shop, "You may not list pods in shop."],
    ["workloads", ["jobs"], shop, "You may not list jobs in shop."],
    ["workloads", ["daemonsets", "jobs"], shop, "You may not list daemonsets and jobs in shop."],
    ["workloads", ["deployments", "daemonsets", "jobs"], shop, "You may not list 3 kinds of workloads in shop."],
  ] as const)("%s without %s in %o", (list, resources, scope, says) => expect(forbiddenList(list, resources, scope)).toBe(says));
});

describe("a list that may not be read", () => {
  it("says so, and has the Role to ask for", async () => {
    const list = await shown();
    expect(list.textContent).toContain("You may not list services in shop.");
    await fireEvent.click(within(list).getByText("Copy Role"));
    expect(calls("copy")).toEqual([[role.text]]);
    await within(list).findByText("Copied");
  });

  it("says why the Role could not be copied", async () => {
    const list = await shown();
    backend.rejects.set("copy", problem("desktop", "There is no clipboard."));
    await fireEvent.click(within(list).getByText("Copy Role"));
    expect((await within(list).findByTestId("problem")).textContent).toContain("There is no clipboard.");
  });

  it("shows what may be read below what may not", async () => {
    backend.set("row/0", { part: "row", value: service("web", [port(80)], { ready: null, wanted: null }) });
    const list = await shown(forbidden("pods"));
    expect(list.textContent).toContain("which services have ready pods is not known");
    screen.getByTestId("row-web");
  });

  it("opens what is typed, and copies its address", async () => {
    await shown();
    await type(" web ", "8080");
    expect(calls("parseTarget")).toEqual([["web", "services"]]);
    await waitFor(() => expect(calls("start")).toEqual([[forward({ type: "service", name: "web" }, 8080)]]));
    backend.set("session/1", { part: "session", value: session(1, forward({ type: "service", name: "web" }, 8080), 8080, active(80, "a")) });
    await waitFor(() => expect(calls("copy")).toEqual([["127.0.0.1:8080"]]));
    // The next name is asked for.
    await waitFor(() => expect([field("name-input").value, field("name-port-input").value]).toEqual(["", ""]));
    expect(document.activeElement).toBe(field("name-input"));
  });

  it("says what is wrong with a name, until another is typed", async () => {
    await shown(forbidden("pods"), view("pods"));
    await type("cm/", "80");
    expect((await screen.findByTestId("problem")).textContent).toContain("is not a target");
    expect(calls("start")).toEqual([]);
    await fireEvent.input(field("name-input"), { target: { value: "web-0" } });
    expect(screen.queryByTestId("problem")).toBeNull();
  });

  it("asks for what is missing before anything is sent", async () => {
    await shown();
    await type("web", " ");
    expect(document.activeElement).toBe(field("name-port-input"));
    expect(calls("parseTarget")).toEqual([]);
    await fireEvent.keyDown(field("name-port-input"), { key: "Escape" });
    expect(screen.queryByTestId("name-input")).toBeNull();
    expect(document.activeElement).toBe(screen.getByTestId("type-name"));
  });

  it.each([
    ["Choose a namespace", { state: "known", names: ["shop"] }],
    ["Type a namespace", { state: "forbidden", problem: problem("forbidden", "No."), role }],
  ] as const)("of all namespaces brings the focus to one: %s", async (says, namespaces) => {
    setNamespaces(structuredClone(namespaces) as Namespaces);
    await shown(forbidden("services"), view("services", { scope: "all" }, staging));
    expect(screen.queryByTestId("type-name")).toBeNull();
    await fireEvent.click(screen.getByText(says));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("namespace-select")));
  });
});
