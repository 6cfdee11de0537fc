// What can be done with each session.

import type { SessionView } from "../../generated/SessionView";
import type { App } from "../app.svelte";
import type { Command, Source } from "../commands";
import { heirsOf } from "../heirs";
import { isOver } from "../phase";
import { startOf, targetName } from "../way";
import { endName, insteadName, words } from "../words";
import { commands as say } from "../words/commands";

export const ofSessions: Source = (app) => app.sessions.flatMap((session) => ofSession(app, session));

export function ofSession(app: App, session: SessionView): Command[] {
  const { id, phase, forward, listeners } = session;
  const of = `${startOf(session)} · ${forward.context.name} / ${forward.namespace}`;
  const command = (what: string, title: string, run: () => unknown): Command => ({ id: `session/${id}/${what}`, group: "session", title, of, run });
  const all = [command("show", say.showSession, () => app.opening.show(id))];
  for (const { slot, address } of listeners) {
    all.push(command(`copy/${slot}`, say.copy(address), () => app.copyAddress(id, slot, address)));
    all.push(command(`visit/${slot}`, say.visit(address), () => app.backend.visit(id, slot)));
  }
  if (phase.state === "waiting") {
    if (phase.reason.code === "login") all.push(command("sign-in", words.signIn, () => app.backend.signIn(forward.context)));
    else all.push(command("retry", words.retry, () => app.backend.retry(id)));
  }
  if (forward.target.type !== "pod" && listeners.length > 0) {
    const other = session.balance === "sticky" ? "balanced" : "sticky";
    all.push(command("balance", say.spread(words[other]), () => app.backend.setBalance(id, other)));
  }
  const heirs = heirsOf(session);
  if (heirs?.instead) all.push(command("instead", insteadName(targetName(heirs.instead)), () => app.backend.instead(id)));
  if (heirs?.sameName) all.push(command("wait-for-name", words.waitForName, () => app.backend.waitForName(id)));
  const [port] = forward.ports;
  if (forward.target.type === "service" && port && !isOver(phase)) {
    const { context, namespace, target } = forward;
    all.push(command("compare", say.compare, () => app.compare({ context, namespace, service: target.name, port: port.remote })));
  }
  all.push(command("stop", endName(phase), () => app.backend.stop(id)));
  return all;
}
