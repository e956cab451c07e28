// References as coloured pieces. Parsing belongs to Rust: `familiarSegments` only colours names
// that Rust has already accepted, so it never refuses anything.

import type { Breakdown, SegmentKind } from "../ipc/bindings";
import { shortDigest } from "./format";

export type Piece = {
  kind: SegmentKind;
  text: string;
  /** Punctuation before it: empty, `/`, `:` or `@`. */
  before: string;
  implied: boolean;
};

const BEFORE: Record<SegmentKind, string> = { registry: "", namespace: "/", repository: "/", tag: ":", digest: "@" };

/** The punctuation that stands before a segment of this kind. */
export function punctuation(kind: SegmentKind): string {
  return BEFORE[kind];
}

/** The canonical name in pieces; what was not typed is marked implied. */
export function breakdownPieces(breakdown: Breakdown): Piece[] {
  return withPunctuation(
    breakdown.segments
      .filter((segment) => segment.presence !== "absent" && segment.text !== "")
      .map((segment) => ({ kind: segment.kind, text: segment.text, implied: segment.presence === "implied" })),
  );
}

/** `sha256:32fdf92db4e1…`. */
export function digestSegment(digest: string): string {
  const algorithm = digest.slice(0, digest.indexOf(":") + 1);
  const short = shortDigest(digest);
  return digest.length > algorithm.length + short.length ? `${algorithm}${short}…` : digest;
}

export function familiarSegments(name: string): Piece[] {
  let rest = name;
  const found: Omit<Piece, "before">[] = [];
  let digest = "";
  const at = rest.indexOf("@");
  if (at >= 0) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
  }
  let tag = "";
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
  }
  const parts = rest.split("/");
  const first = parts[0] ?? "";
  if (parts.length > 1 && (/[.:]/.test(first) || first === "localhost")) {
    found.push({ kind: "registry", text: first, implied: false });
    parts.shift();
  }
  const repository = parts.pop() ?? "";
  if (parts.length > 0) found.push({ kind: "namespace", text: parts.join("/"), implied: false });
  if (repository) found.push({ kind: "repository", text: repository, implied: false });
  if (tag) found.push({ kind: "tag", text: tag, implied: false });
  if (digest) found.push({ kind: "digest", text: digest, implied: false });
  return withPunctuation(found);
}

function withPunctuation(pieces: Omit<Piece, "before">[]): Piece[] {
  return pieces.map((piece, index) => ({ ...piece, before: index === 0 ? "" : BEFORE[piece.kind] }));
}

/** A reference without tag and digest: its repository. */
export function withoutTag(reference: string): string {
  const name = reference.split("@")[0] ?? reference;
  const colon = name.lastIndexOf(":");
  return colon > name.lastIndexOf("/") ? name.slice(0, colon) : name;
}
