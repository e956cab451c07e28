// What was typed, coloured in place. The text is never changed: pieces cover it character for
// character, so that nothing moves under the caret.

import type { Breakdown, Explanation, SegmentKind } from "../../ipc/bindings";

export type TypedPiece = { text: string; kind: SegmentKind | "punctuation"; wrong: boolean };

/** Byte offsets come from Rust; the page counts in UTF-16 units. */
export function utf16Offset(text: string, byteOffset: number): number {
  let bytes = 0;
  let units = 0;
  for (const character of text) {
    if (bytes >= byteOffset) break;
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    units += character.length;
  }
  return units;
}

export function typedPieces(input: string, explanation: Explanation | null): TypedPiece[] {
  if (explanation?.input !== input) return plain(input);
  if (explanation.problem) {
    const from = utf16Offset(input, explanation.problem.from);
    const to = Math.max(utf16Offset(input, explanation.problem.to), Math.min(from + 1, input.length));
    return [
      { text: input.slice(0, from), kind: "repository" as const, wrong: false },
      { text: input.slice(from, to), kind: "repository" as const, wrong: true },
      { text: input.slice(to), kind: "repository" as const, wrong: false },
    ].filter(({ text }) => text !== "");
  }
  return explanation.breakdown ? segmentPieces(input, explanation.breakdown) : plain(input);
}

function plain(input: string): TypedPiece[] {
  return input === "" ? [] : [{ text: input, kind: "repository", wrong: false }];
}

function segmentPieces(input: string, breakdown: Breakdown): TypedPiece[] {
  const pieces: TypedPiece[] = [];
  let at = 0;
  for (const { kind, text, presence } of breakdown.segments) {
    if (presence !== "typed" || text === "") continue;
    const found = input.indexOf(text, at);
    // A host that was normalised away (`index.docker.io`) keeps the colour of what surrounds it.
    if (found < 0) continue;
    if (found > at) pieces.push({ text: input.slice(at, found), kind: "punctuation", wrong: false });
    pieces.push({ text, kind, wrong: false });
    at = found + text.length;
  }
  if (at < input.length) pieces.push({ text: input.slice(at), kind: "punctuation", wrong: false });
  return pieces;
}

/** The segment that the caret is in or behind; null where it is on none that was typed. */
export function segmentAt(pieces: TypedPiece[], caret: number): SegmentKind | null {
  let at = 0;
  let behind: SegmentKind | null = null;
  for (const { text, kind } of pieces) {
    const end = at + text.length;
    if (kind !== "punctuation") {
      if (caret >= at && caret < end) return kind;
      if (caret === end) behind = kind;
    }
    at = end;
  }
  return behind;
}
