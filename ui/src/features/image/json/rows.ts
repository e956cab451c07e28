/**
 * Lays tokens out as rows of the window: either as received, or indented for reading. A row is a pair of offsets, so
 * that a document of 4 MiB costs a few typed arrays and only the rows on screen become elements.
 *
 * Invariant: the rows' ranges, joined in order, cover the text except for white space between tokens that an indented
 * layout replaces by its own.
 */
import { Kind, type Tokens } from "./tokens";

export type Layout = "received" | "indented";

export type Rows = {
  tokens: Tokens;
  layout: Layout;
  count: number;
  /** The line number, or 0 where a row continues the line above. */
  lines: Uint32Array;
  /** Spaces before the row's first character, in an indented layout. */
  indents: Uint16Array;
  /** Ranges of the text. */
  from: Uint32Array;
  to: Uint32Array;
  /** The token in which the row begins. */
  firstToken: Uint32Array;
};

export type Piece = { kind: Kind; text: string; /** set where the piece is a whole digest */ digest: string | null };

/** A line longer than this reads badly as it came. */
const LONG_LINE = 400;

/** What a document is shown as first: as received, unless that would be one endless line. */
export function preferredLayout(text: string): Layout {
  let from = 0;
  for (;;) {
    const end = text.indexOf("\n", from);
    const length = (end < 0 ? text.length : end) - from;
    if (length > LONG_LINE) return "indented";
    if (end < 0) return "received";
    from = end + 1;
  }
}

/** Characters that may stand beyond the last column: the page leaves room for them. */
const OVERHANG = 2;

class Builder {
  lines: number[] = [];
  indents: number[] = [];
  from: number[] = [];
  to: number[] = [];
  firstToken: number[] = [];
  line = 0;

  constructor(
    readonly tokens: Tokens,
    readonly columns: number,
  ) {}

  /** Adds one line, as as many rows as its length needs. */
  add(indent: number, from: number, to: number, token: number): void {
    this.line += 1;
    const width = Math.max(20, this.columns - indent);
    const { text, starts, kinds, count } = this.tokens;
    let at = from;
    let first = token;
    do {
      let end = Math.min(to, at + width);
      // A comma is not worth a row of its own.
      if (to - end <= OVERHANG) end = to;
      if (end < to) {
        end = wholeDigest(starts, kinds, count, first, at, end);
        // Two halves of a character are never shown apart.
        const unit = text.charCodeAt(end - 1);
        if (unit >= 0xd800 && unit <= 0xdbff && end - 1 > at) end -= 1;
      }
      this.lines.push(at === from ? this.line : 0);
      this.indents.push(indent);
      this.from.push(at);
      this.to.push(end);
      this.firstToken.push(first);
      at = end;
      while (first + 1 < count && (starts[first + 1] ?? Infinity) <= at) first += 1;
    } while (at < to);
  }

  rows(layout: Layout): Rows {
    return {
      tokens: this.tokens,
      layout,
      count: this.from.length,
      lines: Uint32Array.from(this.lines),
      indents: Uint16Array.from(this.indents),
      from: Uint32Array.from(this.from),
      to: Uint32Array.from(this.to),
      firstToken: Uint32Array.from(this.firstToken),
    };
  }
}

/** Moves a break that would fall inside a digest to its end: a digest is one link, not two. */
function wholeDigest(
  starts: Uint32Array,
  kinds: Uint8Array,
  count: number,
  first: number,
  at: number,
  end: number,
): number {
  let token = first;
  while (token + 1 < count && (starts[token + 1] ?? Infinity) < end) token += 1;
  const start = starts[token] ?? 0;
  const close = starts[token + 1] ?? end;
  return kinds[token] === Kind.digest && start >= at && close > end ? close : end;
}

export function layOut(tokens: Tokens, layout: Layout, columns: number): Rows {
  const builder = new Builder(tokens, columns);
  if (layout === "received") received(tokens, builder);
  else indented(tokens, builder);
  return builder.rows(layout);
}

function received(tokens: Tokens, builder: Builder): void {
  const { text, starts, count } = tokens;
  let from = 0;
  let token = 0;
  for (;;) {
    const newline = text.indexOf("\n", from);
    const end = newline < 0 ? text.length : newline;
    while (token + 1 < count && (starts[token + 1] ?? Infinity) <= from) token += 1;
    const to = end > from && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
    builder.add(0, from, to, token);
    // A final line break ends the last line; it does not begin another.
    if (newline < 0 || newline + 1 === text.length) return;
    from = newline + 1;
  }
}

const INDENT = 2;
const DEEPEST = 128;

function indented(tokens: Tokens, builder: Builder): void {
  const { text, kinds, starts, count } = tokens;
  let depth = 0;
  let rowFrom = -1;
  let rowTo = -1;
  let rowToken = 0;
  let rowIndent = 0;
  const flush = () => {
    if (rowFrom >= 0) builder.add(rowIndent, rowFrom, rowTo, rowToken);
    rowFrom = -1;
  };
  const next = (index: number) => {
    let token = index;
    while (token < count && kinds[token] === Kind.space) token += 1;
    return token;
  };
  const isUnit = (index: number, unit: string) =>
    index < count && kinds[index] === Kind.punctuation && text[starts[index] ?? 0] === unit;

  for (let index = next(0); index < count; index = next(index + 1)) {
    const start = starts[index] ?? 0;
    const end = starts[index + 1] ?? text.length;
    const unit = kinds[index] === Kind.punctuation ? text[start] : "";
    if (unit === "}" || unit === "]") {
      const empty = rowFrom >= 0 && rowTo > 0 && (text[rowTo - 1] === "{" || text[rowTo - 1] === "[");
      depth = Math.max(0, depth - 1);
      if (!empty) flush();
    }
    // White space between two tokens of one row would be text of the row: such rows are cut there.
    if (rowFrom >= 0 && start !== rowTo && !glues(text, rowTo, unit ?? "")) flush();
    if (rowFrom < 0) {
      rowFrom = start;
      rowToken = index;
      rowIndent = Math.min(depth, DEEPEST) * INDENT;
    }
    rowTo = end;
    if (unit === "{" || unit === "[") {
      depth += 1;
      const after = next(index + 1);
      if (!isUnit(after, "}") && !isUnit(after, "]")) flush();
    } else if (unit === ",") {
      flush();
    }
  }
  flush();
  if (builder.from.length === 0) builder.add(0, 0, 0, 0);
}

/** Whether a token joins the row before it although white space lies between them. */
function glues(text: string, rowTo: number, unit: string): boolean {
  const before = text[rowTo - 1];
  return unit === ":" || unit === "," || unit === "}" || unit === "]" || before === ":";
}

/** The coloured runs of one row. */
export function pieces(rows: Rows, row: number): Piece[] {
  const { tokens, layout } = rows;
  const { text, kinds, starts, count } = tokens;
  const from = rows.from[row] ?? 0;
  const to = rows.to[row] ?? 0;
  const result: Piece[] = [];
  for (let index = rows.firstToken[row] ?? 0; index < count && (starts[index] ?? 0) < to; index += 1) {
    const kind = (kinds[index] ?? Kind.other) as Kind;
    const start = starts[index] ?? 0;
    const end = starts[index + 1] ?? text.length;
    const shownFrom = Math.max(start, from);
    const shownTo = Math.min(end, to);
    if (shownTo <= shownFrom || (layout === "indented" && kind === Kind.space)) continue;
    const shown = text.slice(shownFrom, shownTo);
    const whole = kind === Kind.digest && shownFrom === start && shownTo === end;
    result.push({ kind, text: shown, digest: whole ? shown.slice(1, -1) : null });
    const colon = layout === "indented" && kind === Kind.punctuation && shown === ":";
    if (colon && shownTo < to) result.push({ kind: Kind.space, text: " ", digest: null });
  }
  return result;
}

/** The first row that shows `digest` as a link, or -1. */
export function rowOfDigest(rows: Rows, digest: string, from = 0): number {
  const offset = rows.tokens.text.indexOf(`"${digest}"`, from);
  if (offset < 0) return -1;
  let low = 0;
  let high = rows.count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows.from[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
