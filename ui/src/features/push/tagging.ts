/** Names that are given without moving bytes: what is wrong with one, and the line that does the same. Pure. */
import type { Explanation, Tagged } from "../../ipc/bindings";
import { shortDigest } from "../../lib/format";

/** The grammar of a tag (OCI distribution spec: at most 128 of these). */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Why a text is no name to give; null where it is one, or where Rust has not answered yet. */
export function tagProblem(where: "store" | "registry", typed: string, said: Explanation | null): string | null {
  if (where === "registry" && !TAG.test(typed)) {
    if (typed.length > 128) return "A tag has at most 128 characters";
    return /[/:@]/.test(typed) ? "A tag alone: the repository stays the same. To another repository it is Copy to…" : "A tag has letters, digits, `_`, `.` and `-`, and begins with none of the last two";
  }
  if (said === null) return null;
  if (said.problem !== null) return said.problem.hint === null ? said.problem.message : `${said.problem.message}. ${said.problem.hint}`;
  if (said.breakdown !== null && said.breakdown.digest !== null) return "A digest is computed, not given: a name ends with a tag";
  return null;
}

/** The line that does this in a terminal. */
export function tagCommand(where: "store" | "registry", familiar: string, typed: string): string {
  if (typed === "") return "";
  return where === "store" ? `docker tag ${familiar} ${typed}` : `crane tag ${familiar} ${typed}`;
}

/** What was done, spoken. */
export function taggedDoes({ name, previous }: Tagged, familiar: string): string {
  return previous === null ? `${name} names ${familiar} too` : `${name} moved from ${shortDigest(previous)} to ${familiar}`;
}

