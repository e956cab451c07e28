/** Which tags are chosen: a list of them, or everything that the filter finds but a few. Pure. */
import type { TagRow } from "../../ipc/bindings";

export type Selection = { all: false; tags: ReadonlySet<string> } | { all: true; except: ReadonlySet<string> };

export const NOTHING: Selection = { all: false, tags: new Set() };
export const EVERYTHING: Selection = { all: true, except: new Set() };

export function isChosen(selection: Selection, tag: string): boolean {
  return selection.all ? !selection.except.has(tag) : selection.tags.has(tag);
}

export function toggled(selection: Selection, tag: string): Selection {
  const set = new Set(selection.all ? selection.except : selection.tags);
  if (!set.delete(tag)) set.add(tag);
  return selection.all ? { all: true, except: set } : { all: false, tags: set };
}

/** The tags too, whatever was chosen before. */
export function withTags(selection: Selection, tags: readonly string[]): Selection {
  if (!selection.all) return { all: false, tags: new Set([...selection.tags, ...tags]) };
  const except = new Set(selection.except);
  for (const tag of tags) except.delete(tag);
  return { all: true, except };
}

/** How many are chosen, of those that the filter finds. */
export function chosenCount(selection: Selection, matched: number): number {
  return selection.all ? Math.max(0, matched - selection.except.size) : selection.tags.size;
}

/** What the box in the head shows. */
export function headBox(selection: Selection, matched: number): "true" | "false" | "mixed" {
  const count = chosenCount(selection, matched);
  if (count === 0) return "false";
  return count >= matched ? "true" : "mixed";
}

/** Details of chosen tags, the newer ones over the older, of those that are still chosen. */
export function rememberRows(known: readonly TagRow[], rows: readonly (TagRow | null)[], selection: Selection): TagRow[] {
  if (selection.all) return [];
  const byTag = new Map<string, TagRow>();
  for (const row of [...known, ...rows]) if (row && selection.tags.has(row.tag)) byTag.set(row.tag, row);
  return [...byTag.values()];
}

/** `3 digests, 158.9 MB, 70.5 MB of it already here`: digests and bytes of what is known of the chosen. */
export type ChosenFacts = { digests: number; bytes: number; here: number; unknown: number };

export function chosenFacts(rows: readonly (TagRow | null)[]): ChosenFacts {
  const digests = new Map<string, TagRow>();
  let unknown = 0;
  for (const row of rows) {
    if (row?.digest == null) unknown += 1;
    else digests.set(row.digest, row);
  }
  const distinct = [...digests.values()];
  const sum = (some: TagRow[]) => some.reduce((total, { size }) => total + (size ?? 0), 0);
  return { digests: distinct.length, bytes: sum(distinct), here: sum(distinct.filter(({ local }) => local === "same")), unknown };
}
