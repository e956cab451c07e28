/** What the sequence diagram draws for an exchange: lane, words, colour. Pure, so that it can be tested as a table. */
import type { ExchangeHead } from "../../ipc/bindings";

export type Lane = "longshore" | "auth" | "registry" | "cdn";
export type LanePlace = { lane: Lane; label: string; x: number };

const LABELS: Record<Lane, string> = { longshore: "Longshore", auth: "Auth", registry: "Registry", cdn: "CDN" };
const FIRST = 60;
/** Room for the last lane's label, right of its line. */
const LAST_MARGIN: Record<Lane, number> = { longshore: 0, auth: 48, registry: 55, cdn: 47 };
const FOUR: Record<Lane, number> = { longshore: 60, auth: 172, registry: 284, cdn: 400 };

/** Lanes that take part, left to right; a lane nobody speaks with is not drawn. */
export function lanes(heads: readonly ExchangeHead[], width: number): LanePlace[] {
  const roles = new Set(heads.map((head) => head.role));
  const present: Lane[] = ["longshore"];
  if (roles.has("auth")) present.push("auth");
  present.push("registry");
  if (roles.has("cdn")) present.push("cdn");
  const last = present[present.length - 1] ?? "registry";
  const right = width - LAST_MARGIN[last];
  return present.map((lane, index) => ({
    lane,
    label: LABELS[lane],
    x: present.length === 4 ? Math.round((FOUR[lane] * width) / 447) : Math.round(FIRST + ((right - FIRST) * index) / (present.length - 1)),
  }));
}

/** The lane an exchange speaks with. */
export const laneOf = (head: ExchangeHead): Lane => head.role;

const DIGEST_IN_PATH = /((?:sha256|sha512)[:-])([0-9a-f]{4})[0-9a-f]{28,}/g;

/** A path as the diagram writes it: the last two segments of a `/v2/` path, digests cut to four digits, no query. */
export function shortPath(path: string, withRepository = false): string {
  const bare = path.split(/[?#]/, 1)[0] ?? path;
  const cut = bare.replace(DIGEST_IN_PATH, "$1$2\u2026");
  const api = /^\/v2\/(.+)\/((?:manifests|blobs|tags|referrers)\/.+)$/.exec(cut);
  if (!api) return cut;
  return withRepository ? `${api[1]}/${api[2]}` : (api[2] ?? cut);
}

/** A path for the strip: `…/blobs/sha256:8b62…`. */
export function stripPath(path: string): string {
  const short = shortPath(path);
  return /^(?:manifests|blobs|tags|referrers)\//.test(short) ? `\u2026/${short}` : short;
}

export type StatusTone = "ok" | "moved" | "asked" | "bad";

/** 2xx, 3xx, a 4xx that is part of the conversation (a challenge), and what failed. */
export function tone(head: Pick<ExchangeHead, "status" | "failed"> & { live?: boolean }): StatusTone {
  if (head.status === null) return head.live === true && !head.failed ? "ok" : "bad";
  if (head.failed || head.status >= 500) return "bad";
  if (head.status >= 400) return "asked";
  if (head.status >= 300) return "moved";
  return "ok";
}

/** `12.3 of 41.4 MB`, or the summary and the time once the exchange has ended. */
export function answer(head: ExchangeHead, bytesOf: (done: number, total: number) => string): string {
  if (head.live) {
    if (head.status === null) return "waiting for an answer";
    return head.expected === null ? head.summary : bytesOf(head.received, head.expected);
  }
  const time = `${Math.round(head.elapsed)} ms`;
  return head.summary === "" ? time : `${head.summary} \u00b7 ${time}`;
}

/** The spoken label of a step. */
export function spoken(number: number, head: ExchangeHead): string {
  const result = head.live ? "in progress" : head.failed ? `failed, ${head.summary}` : head.summary;
  const status = head.status === null ? "" : `, answered ${head.status}`;
  const time = head.live ? "" : `, ${Math.round(head.elapsed)} milliseconds`;
  return `Step ${number}: ${head.method} ${shortPath(head.path, true)} on ${head.host}${status}${result ? `, ${result}` : ""}${time}`;
}

export const isBlob = (head: ExchangeHead): boolean => head.role === "cdn" || head.path.includes("/blobs/");
