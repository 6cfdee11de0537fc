// The words of a session's events.

import type { SessionEvent } from "../../generated/SessionEvent";
import { span } from "../units";

/** An event in a sentence. */
export function eventText({ event, pod, took_ms, text }: SessionEvent): string {
  const who = pod ?? "a pod";
  const long = took_ms === null ? "" : span(took_ms);
  const after = long === "" ? "" : ` after ${long}`;
  const why = text === null ? "" : `: ${text}`;
  switch (event) {
    case "listening":
      return `Listening on ${text ?? "a local port"}`;
    case "active":
      return `Connections can be served${after === "" ? "" : `,${after}`}`;
    case "waiting":
      return `Waiting${long === "" ? "" : `, after ${long}`}${why}`;
    case "broken":
      return `Ended${after}${why}`;
    case "failed":
      return `Failed${why}`;
    case "stopped":
      return "Stopped";
    case "endpoint_added":
      return `${who} takes new connections`;
    case "endpoint_removed":
      return `${who} takes no new connections any more`;
    case "held":
      return `A connection was held${long === "" ? "" : ` for ${long}`}, then served by ${who}`;
    case "retried":
      return `A dial to ${who} failed and was tried again${why}`;
    case "refused":
      return `A connection was reset before a pod had it${after === "" ? "" : `,${after}`}${why}`;
    case "cut":
      return `A connection to ${who} was cut${after}${why}`;
    case "delivered_unanswered":
      return `Delivered to ${who} and not answered${long === "" ? "" : ` within ${long}`}: not tried again, as it may have been done`;
    case "not_followed":
      return `The API server cannot be asked, while connections still work${why}`;
    case "balance":
      return `New connections are ${text ?? "spread otherwise"} from here on`;
    case "moved":
      return `New connections go to ${who}`;
    case "renewed":
      return "The network has changed or the machine has slept: everything was looked at anew";
    case "reconfigured":
      return "The kubeconfig's entry was changed: what is new goes by it";
  }
}
