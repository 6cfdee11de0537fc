import { fireEvent, render, screen, waitFor, within } from "@testing-library/svelte";
import { beforeEach, describe, expect, it } from "vitest";

import { FakeBackend } from "../src/dev/fake";
import { copies, item, kubectls, opens, plan } from "../src/dev/imports";
import { active, context, forward, listPart, port, problem, service, session, staging, view } from "../src/dev/samples";
import type { ImportPlan } from "../src/generated/ImportPlan";
import { byDefault, carriedOver, choicesOf, taken } from "../src/lib/import/decisions";
import { copyName, endQuestion, importedText } from "../src/lib/words/importing";
import Window from "../src/window/Window.svelte";

let backend: FakeBackend;

beforeEach(() => {
  backend = new FakeBackend();
  backend.set("kubeconfig", { part: "kubeconfig", value: { paths: ["/etc/kube"], problem: null } });
  backend.set("context/default/staging", { part: "context", value: context("staging", { reach: { state: "reachable" } }) });
  backend.set("context/default/kind", { part: "context", value: context("kind") });
  backend.set("list", listPart(view()));
  backend.set("row/1", { part: "row", value: service("web", [port(8080)]) });
});

const calls = (name: string) => backend.calls.filter(([called]) => called === name).map(([, ...args]) => args);

/** The import, with a plan for what is pasted into it. */
async function pasted(planned: ImportPlan) {
  backend.planned = planned;
  render(Window, { backend });
  await fireEvent.click(await screen.findByTestId("open-import"));
  await fireEvent.input(await screen.findByTestId("import-text"), { target: { value: "some lines" } });
  await screen.findByTestId("import-plan");
}

const nothing: ImportPlan = { items: [], contexts: [], left_out: [] };

describe("decisions", () => {
  it("touch nothing of the user's by themselves", () => {
    expect(plan.items.map((one) => byDefault(one).decision)).toEqual(["add", "add", "leave_out", "leave_out"]);
    expect(plan.items.every((one) => byDefault(one).loopback)).toBe(true);
  });

  it("go on to hold while the same is asked", () => {
    const decided = [{ decision: "leave_out" as const, loopback: false }, { decision: "keep_both" as const, loopback: true }];
    const before = { ...nothing, items: [item("web"), item("api", { fate: { fate: "clashes", mine: [] } })] };
    const again = { ...nothing, items: [item("web"), item("api", { fate: { fate: "same" } }), item("db")] };
    expect(carriedOver(before, decided, before)).toEqual(decided);
    expect(carriedOver(before, decided, again)).toEqual([
      decided[0], { decision: "leave_out", loopback: true }, { decision: "add", loopback: true },
    ]);
    expect(taken(decided)).toBe(1);
  });

  it("are told to the engine with the contexts that are meant", () => {
    const decided = plan.items.map(byDefault);
    const { contexts, items } = choicesOf(plan, decided);
    expect(contexts).toEqual([{ name: "stg", to: staging }, { name: "prod-eu", to: null }]);
    expect(items[0]).toEqual({ name: "web", decision: "add", loopback: true });
  });
});

describe("an import", () => {
  it("shows what would come of a pasted line and adds it on a click only", async () => {
    backend.imported = { added: ["web"], replaced: [], clashed: [] };
    await pasted({ ...nothing, items: [item("web")] });
    expect(calls("planImport")).toEqual([[{ from: "text", text: "some lines" }, []]]);
    const row = screen.getByTestId("import-item-web");
    expect(row.textContent).toContain("svc/web 8080:80");
    expect(row.textContent).toContain("new");
    expect(calls("importProfiles")).toEqual([]);
    await fireEvent.click(screen.getByTestId("import-take"));
    expect((await screen.findByTestId("import-done")).textContent).toContain("Added web.");
    expect(calls("importProfiles")).toEqual([
      [{ from: "text", text: "some lines" }, { contexts: [], items: [{ name: "web", decision: "add", loopback: true }] }],
    ]);
    expect((screen.getByTestId("import-text") as HTMLTextAreaElement).value).toBe("");
    expect(screen.queryByTestId("import-plan")).toBeNull();
  });

  it("asks about clashes and open addresses, and leaves out what is unticked", async () => {
    await pasted(plan);
    expect(screen.getByTestId("import-left-out").textContent).toContain("line 9: svc/db has no port");
    const button = screen.getByTestId("import-take");
    expect(button.textContent).toBe("Add 2 profiles");
    await fireEvent.click(screen.getByTestId("import-choose-web"));
    await fireEvent.click(screen.getByTestId("import-open-postgres"));
    await fireEvent.click(screen.getByTestId("import-keep_both-api"));
    expect(screen.getByTestId("import-item-api").textContent).toContain("svc/api 8081:http");
    await fireEvent.click(button);
    await waitFor(() => expect(calls("importProfiles").length).toBe(1));
    expect(calls("importProfiles")[0]?.[1]).toMatchObject({
      items: [
        { name: "web", decision: "leave_out" },
        { name: "postgres", decision: "add", loopback: false },
        { name: "api", decision: "keep_both" },
        { name: "cache", decision: "leave_out" },
      ],
    });
  });

  it("asks once which context is meant, the same server preselected, and reads anew with the answer", async () => {
    await pasted(plan);
    const select = screen.getByTestId("context-for-stg") as HTMLSelectElement;
    expect(select.selectedOptions[0]?.text).toBe("staging · same server");
    await fireEvent.change(select, { target: { value: JSON.stringify(["default", "kind"]) } });
    await waitFor(() => expect(calls("planImport").length).toBe(2));
    expect(calls("planImport")[1]?.[1]).toEqual([{ name: "stg", to: { source: "default", name: "kind" } }]);
    await fireEvent.change(select, { target: { value: "" } });
    await waitFor(() => expect(calls("planImport").length).toBe(3));
    expect(calls("planImport")[2]?.[1]).toEqual([{ name: "stg", to: null }]);
  });

  it("says what cannot be read, and what could not be written", async () => {
    backend.rejects.set("planImport", problem("bad_profile", "Nothing to import.", "Give it lines."));
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("open-import"));
    await fireEvent.input(await screen.findByTestId("import-text"), { target: { value: "ls" } });
    expect((await screen.findByTestId("import-unread")).textContent).toContain("Nothing to import. Give it lines.");
    backend.rejects.clear();
    backend.planned = { ...nothing, items: [item("web")] };
    backend.rejects.set("importProfiles", problem("storage", "The disk is full.", "Make room."));
    await fireEvent.input(screen.getByTestId("import-text"), { target: { value: "lines" } });
    await fireEvent.click(await screen.findByTestId("import-take"));
    expect((await screen.findByTestId("problem")).textContent).toContain("The disk is full.");
    expect(screen.getByTestId("import-item-web")).toBeTruthy();
  });

  it("has nothing to add where all is there already", async () => {
    await pasted({ ...nothing, items: [item("web", { fate: { fate: "same" } })] });
    expect(screen.getByTestId("import-nothing-new")).toBeTruthy();
    expect(screen.queryByTestId("import-take")).toBeNull();
  });

  it("takes a dropped file", async () => {
    backend.planned = { ...nothing, items: [item("web")] };
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("open-import"));
    const file = new File(["kubectl port-forward svc/web 80"], "history");
    await fireEvent.drop(await screen.findByTestId("import"), { dataTransfer: { files: [file] } });
    await screen.findByTestId("import-item-web");
    expect(calls("planImport")[0]?.[0]).toEqual({ from: "text", text: "kubectl port-forward svc/web 80" });
  });

  it("does not read what nobody would have meant", async () => {
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("open-import"));
    const file = Object.defineProperty(new File(["x"], "disk.img"), "size", { value: 9_000_000 });
    await fireEvent.drop(await screen.findByTestId("import"), { dataTransfer: { files: [file] } });
    expect((await screen.findByTestId("import-unread")).textContent).toContain("disk.img is too large");
    expect(calls("planImport")).toEqual([]);
  });

  it("offers all Services of the namespace that is looked at", async () => {
    backend.planned = { ...nothing, items: [item("shop", { forwards: [opens("svc/web", ["8080:80"]), opens("svc/db", ["5432:5432"])] })] };
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("all-services"));
    await screen.findByTestId("import-item-shop");
    expect(calls("planImport")[0]?.[0]).toEqual({ from: "services", context: staging, namespace: "shop", each: false });
    await fireEvent.click(screen.getByTestId("services-each"));
    await waitFor(() => expect(calls("planImport").at(-1)?.[0]).toMatchObject({ each: true }));
  });

  it("does not offer that where all namespaces are looked at, or pods", async () => {
    backend.set("list", listPart(view("services", { scope: "all" })));
    render(Window, { backend });
    await screen.findByTestId("row-web");
    expect(screen.queryByTestId("all-services")).toBeNull();
    backend.set("list", listPart(view("services")));
    await fireEvent.change(screen.getByTestId("namespace-select"), { target: { value: "shop" } });
    await screen.findByTestId("all-services");
    await fireEvent.click(screen.getByTestId("list-pods"));
    await waitFor(() => expect(screen.queryByTestId("all-services")).toBeNull());
  });

  it("exports all profiles", async () => {
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("open-import"));
    await fireEvent.click(await screen.findByTestId("export-save"));
    await waitFor(() => expect(screen.getByTestId("export-said").textContent).toBe("/home/me/Downloads/portolan-profiles.json"));
    await fireEvent.click(screen.getByTestId("export-copy"));
    await waitFor(() => expect(calls("copy")).toEqual([['{ "version": 1, "profiles": [] }']]));
  });
});

describe("a kubectl that runs", () => {
  async function shown() {
    backend.kubectl = kubectls;
    render(Window, { backend });
    await fireEvent.click(await screen.findByTestId("open-import"));
    await screen.findByTestId("kubectl-812");
  }

  it("is looked for in the import only, and shown with what is not known of it", async () => {
    render(Window, { backend });
    await screen.findByTestId("row-web");
    expect(calls("kubectlProcesses")).toEqual([]);
    await fireEvent.click(screen.getByTestId("open-import"));
    await screen.findByTestId("kubectl-none");
  });

  it("is ended only after the question that names its pid was confirmed", async () => {
    await shown();
    const one = screen.getByTestId("kubectl-812");
    expect(one.textContent).toContain("svc/web :8080 → 80");
    expect(one.textContent).toContain("the current one is assumed");
    expect(within(screen.getByTestId("kubectl-977")).queryByRole("button")).toBeNull();
    await fireEvent.click(screen.getByTestId("kubectl-take-812"));
    expect(screen.getByTestId("kubectl-question").textContent).toContain("End process 812 and open its tunnel here?");
    expect(calls("takeOver")).toEqual([]);
    await fireEvent.click(screen.getByTestId("kubectl-cancel"));
    expect(screen.queryByTestId("kubectl-question")).toBeNull();
    await fireEvent.click(screen.getByTestId("kubectl-take-812"));
    await fireEvent.click(screen.getByTestId("kubectl-confirm"));
    await waitFor(() => expect(screen.queryByTestId("kubectl-812")).toBeNull());
    expect(calls("takeOver")).toEqual([[kubectls[0], true]]);
    expect(screen.getByTestId("kubectl-taken").textContent).toContain("1 tunnel was taken over.");
  });

  it("stays reachable by others only if the user says so", async () => {
    await shown();
    await fireEvent.click(screen.getByTestId("kubectl-open-903"));
    await fireEvent.click(screen.getByTestId("kubectl-take-all"));
    expect(screen.getByTestId("kubectl-question").textContent).toContain("the processes 812 and 903");
    await fireEvent.click(screen.getByTestId("kubectl-confirm"));
    await waitFor(() => expect(calls("takeOver")).toEqual([[kubectls[0], true], [kubectls[1], false]]));
  });

  it("that does not end is told", async () => {
    await shown();
    backend.rejects.set("takeOver", problem("take_over", "Process 812 still runs.", "kill -9 812"));
    await fireEvent.click(screen.getByTestId("kubectl-take-812"));
    await fireEvent.click(screen.getByTestId("kubectl-confirm"));
    expect((await screen.findByTestId("problem")).textContent).toContain("pid 812 was not taken over: Process 812 still runs.");
    expect(screen.getByTestId("kubectl-812")).toBeTruthy();
    expect(screen.queryByTestId("kubectl-taken")).toBeNull();
  });
});

describe("a session's copies", () => {
  it("are asked for once somebody looks, and copied", async () => {
    backend.copied = copies;
    const value = session(7, forward({ type: "service", name: "web" }, 80), 8080, active(80, "web-1"));
    backend.set("session/7", { part: "session", value });
    render(Window, { backend });
    const card = await screen.findByTestId("session-card");
    expect(calls("copies")).toEqual([]);
    await fireEvent.click(within(card).getByTestId("session-copies-toggle"));
    const line = await within(card).findByTestId("copy-as-kubectl");
    expect(calls("copies")).toEqual([[7]]);
    await fireEvent.click(within(line).getByTestId("copy"));
    expect(calls("copy")).toEqual([[copies[0]?.text]]);
    expect(within(card).getByTestId("copy-as-client").textContent).toContain("psql :5433");
  });
});

describe("words", () => {
  it("say what was done", () => {
    expect(importedText({ added: [], replaced: [], clashed: [] })).toBe("Nothing was added.");
    expect(importedText({ added: ["a", "b", "c", "d", "e", "f", "g"], replaced: ["x"], clashed: ["y"] })).toBe(
      "Added a, b, c, d, e, f and 1 more. Replaced x; the file from before is beside it. Left out y: another of that name has come meanwhile.",
    );
    expect(endQuestion(kubectls)).toContain("End the processes 812, 903 and 977 and open their tunnels here?");
    expect(copies.map(copyName)).toEqual(["kubectl", "URL :8080", "psql :5433"]);
  });
});
