/** Two texts as rows: one under the other, or beside one another. Pure. */
import type { DiffLine, DifferentFile, FileDifference } from "../../ipc/bindings";
import { bytes } from "../../lib/format";
import { shown } from "../image/visible";

export type Change = "same" | "removed" | "added";
export const changeOf = (line: DiffLine): Change => (line.b === null ? "removed" : line.a === null ? "added" : "same");

/** A row of the side-by-side view; `gap` where lines are left out before it. */
export type Pair = { left: DiffLine | null; right: DiffLine | null; gap: boolean };

/** Lines that went stand beside those that came in their place. */
export function pairs(lines: readonly DiffLine[]): Pair[] {
  const rows: Pair[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at];
    if (!line) break;
    const gap = isGap(lines, at);
    if (changeOf(line) === "same") {
      rows.push({ left: line, right: line, gap });
      at += 1;
      continue;
    }
    let end = at;
    while (lines[end] && changeOf(lines[end] ?? line) !== "same" && (end === at || !isGap(lines, end))) end += 1;
    const run = lines.slice(at, end);
    const went = run.filter((each) => changeOf(each) === "removed");
    const came = run.filter((each) => changeOf(each) === "added");
    for (let row = 0; row < Math.max(went.length, came.length); row += 1) rows.push({ left: went[row] ?? null, right: came[row] ?? null, gap: gap && row === 0 });
    at = end;
  }
  return rows;
}

/** Whether lines are left out between the line before and this one. */
export function isGap(lines: readonly DiffLine[], at: number): boolean {
  const line = lines[at];
  if (!line) return false;
  const last = (side: "a" | "b") => lines.slice(Math.max(0, at - 64), at).findLast((each) => each[side] !== null)?.[side] ?? 0;
  if (at === 0) return (line.a ?? 1) > 1 && (line.b ?? 1) > 1;
  return line.a !== null && line.b !== null ? line.a > last("a") + 1 && line.b > last("b") + 1 : line.a !== null ? line.a > last("a") + 1 : (line.b ?? 0) > last("b") + 1;
}

export const SIGNS: Record<FileDifference, { glyph: string; word: string; className: string }> = {
  added: { glyph: "+", word: "added", className: "c-A" },
  removed: { glyph: "−", word: "removed", className: "c-D" },
  changed: { glyph: "~", word: "changed", className: "c-M" },
  moved: { glyph: "→", word: "moved", className: "c-V" },
};

/** `1.1 kB to 1.2 kB`, `300 kB`. */
export function sizeWords(file: Pick<DifferentFile, "sizeA" | "sizeB">): string {
  if (file.sizeA === null) return file.sizeB === null ? "" : bytes(file.sizeB);
  if (file.sizeB === null || file.sizeA === file.sizeB) return bytes(file.sizeA);
  return `${bytes(file.sizeA)} to ${bytes(file.sizeB)}`;
}

/** What a screen reader is told of a row. */
export const fileLine = (file: DifferentFile): string => [shown(file.path, 600), SIGNS[file.difference].word, file.was === null ? "" : `it was ${shown(file.was, 600)}`, file.difference === "changed" ? shown(file.what, 200) : "", sizeWords(file)].filter(Boolean).join(", ");
