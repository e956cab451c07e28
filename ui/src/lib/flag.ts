// The digest flag: a picture that makes equal digests visible at a glance. The first byte picks
// one of 12 layouts, the second one of 8 colour pairs. A memory aid, never the proof.

export const LAYOUTS = [
  "halves", "bands", "quarters", "cross", "saltire", "square",
  "diagonal", "pale", "fess", "disc", "lozenge", "bars",
] as const;
export type Layout = (typeof LAYOUTS)[number];

export type Ink = "a" | "b" | "c" | "d" | "paper";

/** Ground first, figure second. */
const PAIRS: readonly (readonly [Ink, Ink])[] = [
  ["a", "paper"], ["paper", "a"], ["b", "d"], ["paper", "c"],
  ["c", "paper"], ["d", "b"], ["a", "b"], ["paper", "d"],
];

export type Flag = { layout: Layout; ground: Ink; figure: Ink };

/** Null for text that is no digest (two bytes of hex after the colon are needed). */
export function flagOf(digest: string): Flag | null {
  const match = /^(?:[a-z0-9+._-]+:)?([0-9a-f]{2})([0-9a-f]{2})/i.exec(digest);
  if (!match) return null;
  const layout = LAYOUTS[parseInt(match[1] ?? "", 16) % LAYOUTS.length];
  const pair = PAIRS[parseInt(match[2] ?? "", 16) % PAIRS.length];
  if (!layout || !pair) return null;
  return { layout, ground: pair[0], figure: pair[1] };
}

/** What is drawn on the ground, in a 14 by 14 box; `stroke` marks the one that is a line. */
export const FIGURES: Record<Layout, { d: string; stroke?: true }> = {
  halves: { d: "M7 0h7v14H7z" },
  bands: { d: "M0 7h14v7H0z" },
  quarters: { d: "M0 0h7v7H0zM7 7h7v7H7z" },
  cross: { d: "M5 0h4v14H5zM0 5h14v4H0z" },
  saltire: { d: "M0 0 14 14M14 0 0 14", stroke: true },
  square: { d: "M4 4h6v6H4z" },
  diagonal: { d: "M0 14 14 0v14z" },
  pale: { d: "M4.7 0h4.6v14H4.7z" },
  fess: { d: "M0 4.7h14v4.6H0z" },
  disc: { d: "M3.4 7a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0 -7.2 0" },
  lozenge: { d: "m7 1 6 6-6 6-6-6z" },
  bars: { d: "M0 2.8h14v2.8H0zM0 8.4h14v2.8H0z" },
};
