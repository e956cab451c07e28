/** What the tag table says in words, and which bracket a row gets. Pure. */
import type { RepositoryHead, RateLimit, TagRow, TagSort } from "../../ipc/bindings";
import type { TagOrder, TagView } from "../../state/tags.svelte";
import { count, elapsed, plural } from "../../lib/format";
import { shown } from "../image/visible";

export type Knot = "none" | "first" | "mid" | "last";

/** The bracket that joins adjacent rows with one digest. */
export function knotOf(above: TagRow | null, row: TagRow, below: TagRow | null): Knot {
  if (row.digest === null) return "none";
  const up = above?.digest === row.digest;
  const down = below?.digest === row.digest;
  return up ? (down ? "mid" : "last") : down ? "first" : "none";
}

export type SortColumn = { sort: TagSort; label: string };

/** The order after a click on a column's head. A third click gives back the registry's own order. */
export function turned(order: TagOrder, sort: TagSort): TagOrder {
  const newestFirst = sort === "updated" || sort === "size" || sort === "version";
  if (order.sort !== sort) return { sort, descending: newestFirst };
  return order.descending === newestFirst ? { sort, descending: !newestFirst } : { sort: "registry", descending: false };
}

/** `1,036 tags`, `10,000 tags so far`. */
export function tagCount(head: Pick<RepositoryHead, "known" | "finished" | "fault">): string {
  return `${plural(head.known, "tag")}${head.finished || head.fault ? "" : " so far"}`;
}

/** What is odd about the list itself; null where nothing is. */
export function oddity(head: Pick<RepositoryHead, "known" | "partial" | "invalid" | "odd">): string | null {
  const parts: string[] = [];
  if (head.partial) parts.push(`The registry's pages went in circles, so the list stops at ${plural(head.known, "tag")}; there may be more`);
  if (head.invalid > 0) parts.push(`${plural(head.invalid, "name")} in the list ${head.invalid === 1 ? "is no tag and was" : "are no tags and were"} left out${head.odd.length > 0 ? `, such as ${head.odd.slice(0, 3).map((name) => `“${shown(name, 60)}”`).join(", ")}` : ""}`);
  return parts.length > 0 ? `${parts.join(". ")}.` : null;
}

export type Gauge = { text: string; title: string; part: number; low: boolean };

/** `198 of 200 pulls left`. */
export function gauge(limit: RateLimit): Gauge {
  const part = limit.limit === 0 ? 0 : Math.min(1, limit.remaining / limit.limit);
  const window = limit.windowSeconds === null ? "" : ` in ${hours(limit.windowSeconds)}`;
  const by = limit.source === null ? "" : `, counted for ${limit.source}`;
  return {
    text: `${count(limit.remaining)} of ${plural(limit.limit, "pull")} left`,
    title: `The registry allows ${plural(limit.limit, "pull")}${window}${by}. Each manifest that is fetched counts; asking for a digest does not.`,
    part,
    low: part <= 0.1,
  };
}

const hours = (seconds: number): string => (seconds % 3600 === 0 && seconds >= 3600 ? plural(seconds / 3600, "hour") : elapsed(seconds * 1000));

/** What an order, a grouping or a platform can't know yet; null where everything is known. */
export function unknownNote(view: Pick<TagView, "sort" | "grouped" | "platform">, known: { found: number; described: number }): string | null {
  const left = known.found - known.described;
  if (left <= 0) return null;
  const of = `${count(known.described)} of ${plural(known.found, "tag")}`;
  if (view.platform !== null) return `Platforms are known of ${of}`;
  if (view.grouped) return `Digests are known of ${of}, the others stand apart`;
  const words: Partial<Record<TagSort, string>> = { updated: "Ages are", size: "Sizes are", digest: "Digests are" };
  const word = words[view.sort];
  return word === undefined ? null : `${word} known of ${of}, the others stand last`;
}

const KINDS: Record<string, string> = { artifact: "Artifact", attestation: "Attestation", signature: "Signature", helm: "Helm chart" };

/** The word for what is no image; null for images and indexes. */
export const kindWord = (kind: string | null): string | null => (kind === null ? null : (KINDS[kind] ?? null));

/** A full reference to a tag: `localhost:5000/app:1.2`. */
export const tagged = (head: Pick<RepositoryHead, "familiar">, tag: string): string => `${head.familiar}:${tag}`;

export const canonical = (head: Pick<RepositoryHead, "host" | "repository">): string => `${head.host}/${head.repository}`;
