// What the window costs: how soon it can be used, what it keeps in memory and what it does while nothing happens.
//
//   APP=target/release/portolan-desktop KUBECONFIG=FILE dbus-run-session -- xvfb-run -a node tests/bench/window.mjs [STARTS]
//
// tauri-driver has to be on the PATH. "Usable" is the moment at which the driver finds the first context on screen, from the
// moment at which it is told to start the app: the driver's own time is in it, so that a user waits less. The first start is
// told by itself: it finds the files cold that the next ones find in memory. Memory is PSS, in MiB, of the app and of each of
// WebKit's processes; CPU is of one core, over half a minute: with the context's Services on screen and no tunnel; with three
// tunnels, each of which carries ten requests a second; and with a comparison on screen besides. The last two need the demo
// cluster's Services: `portolan demo` prints its kubeconfig's path.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const app = resolve(process.env.APP ?? "target/release/portolan-desktop");
const starts = Number(process.argv[2] ?? 10);
const IDLE_SECONDS = 30;
const TICKS_A_SECOND = 100;
/** Services of the demo cluster that answer HTTP. */
const SERVICES = ["web", "api", "admin"];

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** An app in a window of its own, and the driver that works it. */
class Started {
  constructor(driver, base, folder) {
    Object.assign(this, { driver, base, folder });
  }

  static async start() {
    const [port, native] = [await freePort(), await freePort()];
    const folder = mkdtempSync(join(tmpdir(), "portolan-window-"));
    writeFileSync(join(folder, "settings.json"), '{"version": 1, "closing": "quit"}');
    const driver = spawn("tauri-driver", ["--port", port, "--native-port", native], {
      stdio: "ignore",
      env: { ...process.env, PORTOLAN_CONFIG_DIR: folder, SHELL: "/bin/sh", GDK_BACKEND: "x11", NO_AT_BRIDGE: "1" },
    });
    const started = new Started(driver, `http://127.0.0.1:${port}`, folder);
    // It listens before its native part does.
    for (;;) {
      const up = await fetch(`http://127.0.0.1:${native}/status`).then((answer) => answer.ok, () => false);
      if (up) break;
      await pause(20);
    }
    const began = performance.now();
    const answer = await started.ask("POST", "/session", { capabilities: { alwaysMatch: { "tauri:options": { application: app } } } });
    started.session = answer.sessionId;
    await started.find('[data-testid^="context-"]');
    started.usableMs = performance.now() - began;
    return started;
  }

  async ask(method, path, body) {
    const answer = await fetch(this.base + path, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  }

  /** The first element of a selector, once it is there. */
  async find(selector) {
    for (;;) {
      try {
        const found = await this.ask("POST", `/session/${this.session}/element`, { using: "css selector", value: selector });
        return Object.values(found)[0];
      } catch (error) {
        if (!String(error).includes("no such element")) throw error;
        await pause(2);
      }
    }
  }

  async click(selector) {
    await this.ask("POST", `/session/${this.session}/element/${await this.find(selector)}/click`, {});
  }

  /** The local ports of so many tunnels, once they listen. */
  async ports(count) {
    const script = `return [...document.querySelectorAll('[data-testid="session-address"]')].flatMap((at) => at.textContent.match(/:(\\d+)/)?.[1] ?? [])`;
    for (;;) {
      const ports = await this.ask("POST", `/session/${this.session}/execute/sync`, { script, args: [] });
      if (ports.length === count) return ports;
      await pause(50);
    }
  }

  /** The app's own processes: those below the driver that are not drivers. */
  processes() {
    const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const [, parent, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const name = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0].split("/").at(-1);
        return [{ pid: Number(pid), parent: Number(parent), name, ticks: Number(rest[9]) + Number(rest[10]) }];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
    const below = (pid) => all.filter(({ parent }) => parent === pid).flatMap((one) => [one, ...below(one.pid)]);
    return below(this.driver.pid).filter(({ name }) => /^portolan-desktop|^WebKit(Web|Network)Process/.test(name));
  }

  async end() {
    await this.ask("DELETE", `/session/${this.session}`);
    this.driver.kill();
    rmSync(this.folder, { recursive: true });
  }
}

const pssMiB = ({ pid }) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]) / 1024;
const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

/** Says what each process costs while the window is left alone. */
async function costs(started, what) {
  await pause(3000); // What starts once is not what goes on.
  const before = started.processes();
  await pause(IDLE_SECONDS * 1000);
  const after = new Map(started.processes().map((one) => [one.pid, one.ticks]));
  for (const one of before) {
    const percent = ((after.get(one.pid) ?? one.ticks) - one.ticks) / TICKS_A_SECOND / IDLE_SECONDS * 100;
    console.log(`${what}: ${one.name}: ${pssMiB(one).toFixed(1)} MiB, ${percent.toFixed(2)} % of a core`);
  }
}

/** Opens tunnels and keeps them busy. The answer ends that. */
async function busy(started) {
  for (const name of SERVICES) await started.click(`[data-testid="chip-${name}-80"]`);
  const ports = await started.ports(SERVICES.length);
  let goesOn = true;
  const carries = ports.map(async (port) => {
    while (goesOn) {
      await fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.arrayBuffer());
      await pause(100);
    }
  });
  return () => {
    goesOn = false;
    return Promise.all(carries);
  };
}

const times = [];
for (let n = 0; n < starts; n++) {
  const started = await Started.start();
  times.push(started.usableMs);
  if (n === starts - 1) {
    await started.click('[data-testid^="context-"]');
    await started.find('[data-testid^="row-"]');
    await costs(started, "nothing open");
    const end = await busy(started);
    await costs(started, "three busy tunnels");
    await started.click('[data-testid="compare-web"]');
    await started.find('[data-testid="lane-service"]');
    await costs(started, "and a comparison");
    await end();
  }
  await started.end();
}
const [first, ...others] = times;
const order = sorted(others.length > 0 ? others : times);
console.log(`usable after ${first.toFixed(0)} ms at the first start, then ${order[Math.floor(order.length / 2)].toFixed(0)} ms (${order[0].toFixed(0)} to ${order.at(-1).toFixed(0)}, ${order.length} starts)`);
