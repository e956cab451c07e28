/**
 * Which rows of the local images are meant. With nothing chosen it is the active row; Space and Ctrl click choose more,
 * Shift extends from the row that was active before. Pure: rows are known by their keys.
 */
export type Chosen = ReadonlySet<string>;

export const NONE: Chosen = new Set();

/** Space on a row, or Ctrl click. */
export function toggled(chosen: Chosen, key: string): Chosen {
  const next = new Set(chosen);
  if (!next.delete(key)) next.add(key);
  return next;
}

/** Shift with an arrow or a click: everything from one row to another, both included, beside what is chosen. */
export function extended(chosen: Chosen, keys: readonly string[], from: number, to: number): Chosen {
  return new Set([...chosen, ...keys.slice(Math.min(from, to), Math.max(from, to) + 1)]);
}

/** The rows that a command is for, in the order of the list. What the filter hides is not among them. */
export function meant(chosen: Chosen, keys: readonly string[], active: number): string[] {
  const some = keys.filter((key) => chosen.has(key));
  const one = keys[active];
  return some.length > 0 ? some : one === undefined ? [] : [one];
}
