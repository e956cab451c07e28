// What may be the matter, as rows with one action each: what the engine found for this very failure,
// then what is true of its code in general.

import type { Fault, Remedy as WireRemedy } from "../ipc/bindings";
import type { Cause, Remedy } from "./faults";
import type { IconName } from "./icons";

/** The most rows that a page shows: more is a list, not advice. */
const MOST = 5;

/** The likeliest first. `general` is the table's advice, of which only what the engine did not say is kept. */
export function causesOf(fault: Fault, host: string, general: readonly Cause[]): Cause[] {
  const found = fault.remedies.map((remedy) => fromWire(remedy, host));
  const offered = new Set(found.map(({ remedy }) => remedy.do));
  // Whoever is told when to come back need not be asked whether it is time.
  if (offered.has("wait")) offered.add("retry");
  const rest = general.filter(({ remedy }) => found.length === 0 || !offered.has(remedy.do));
  return [...found, ...rest].slice(0, Math.max(MOST, found.length));
}

function fromWire(wire: WireRemedy, host: string): Cause {
  const { icon, remedy } = actionOf(wire, host);
  return { icon, ...sentence(wire.cause), action: wire.label || "Show exchange", remedy };
}

/** A message of the engine at the head of a page: it begins small, as those of other programs do. */
export function capitalized(message: string): string {
  return message.charAt(0).toUpperCase() + message.slice(1);
}

/** The first sentence, or what stands before a colon, is the question; what follows explains it. Values stay whole. */
export function sentence(text: string): { question: string; detail: string } {
  const end = [...text.matchAll(/[.?:;] (?=\S)/g)].find(({ index }) => text.slice(0, index).split("`").length % 2 === 1);
  if (!end) return { question: text.replace(/\.$/, ""), detail: "" };
  return { question: text.slice(0, end.index + (end[0] === "? " ? 1 : 0)), detail: capitalized(text.slice(end.index + 2)) };
}

function actionOf({ action, target, seconds }: WireRemedy, host: string): { icon: IconName; remedy: Remedy } {
  const at = target ?? host;
  switch (action) {
    case "sign_in":
      return { icon: "key", remedy: { do: "sign-in", host: at } };
    case "plain_http":
      return { icon: "unlock", remedy: { do: "plain-http", host: at } };
    case "trust_certificate":
      return { icon: "shield-check", remedy: { do: "certificate", host: at } };
    case "create_repository":
      return { icon: "plus", remedy: target === null ? { do: "wire" } : { do: "copy", text: target } };
    case "wait":
      return { icon: "clock", remedy: { do: "wait", seconds: seconds ?? 60 } };
    case "choose_platform":
      return { icon: "chip", remedy: { do: "platforms" } };
    case "edit_reference":
      return { icon: "pencil", remedy: target === null ? { do: "edit" } : { do: "edit", reference: target } };
    case "retry":
      return { icon: "retry", remedy: { do: "retry" } };
    case "open_settings":
      return { icon: "settings", remedy: target === null ? { do: "settings" } : { do: "host", host: target } };
    case "free_space":
      return { icon: "trash", remedy: { do: "free-space" } };
    case "trust_realm":
      return { icon: "shield-check", remedy: { do: "trust-realm", realm: at } };
    // A cause that nothing here can mend is still worth reading.
    case "none":
      return { icon: "info", remedy: { do: "none" } };
  }
}

/** `0:42`, `12:40`, `5 h 59 min`: what is left of a wait, from seconds. */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds));
  if (left >= 3600) return `${Math.floor(left / 3600)} h ${Math.floor((left % 3600) / 60)} min`;
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}
