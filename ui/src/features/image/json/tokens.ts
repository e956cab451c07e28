/**
 * Cuts the text of a document into coloured runs, without parsing it into values.
 *
 * The text stays the only truth: every character of it belongs to exactly one token, in order, whether or not it is
 * valid JSON. Nothing is unescaped, reordered or dropped, so a document with duplicate keys or trailing data shows as
 * it came. Tokens live in typed arrays because a document may hold 4 MiB.
 */

export const Kind = { space: 0, punctuation: 1, key: 2, string: 3, digest: 4, number: 5, word: 6, other: 7 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export type Tokens = {
  text: string;
  count: number;
  kinds: Uint8Array;
  /** Offsets into `text`, in UTF-16 units; `starts[count]` is the length of the text. */
  starts: Uint32Array;
};

const DIGEST = /^"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"$/;
const LONGEST_DIGEST = 2 + 7 + 128;

const isSpace = (unit: number) => unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
const isPunctuation = (unit: number) =>
  unit === 0x7b || unit === 0x7d || unit === 0x5b || unit === 0x5d || unit === 0x3a || unit === 0x2c;
const isNumberStart = (unit: number) => unit === 0x2d || (unit >= 0x30 && unit <= 0x39);
const isNumberPart = (unit: number) =>
  isNumberStart(unit) || unit === 0x2b || unit === 0x2e || unit === 0x45 || unit === 0x65;
const isLetter = (unit: number) => (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a);

export function tokenize(text: string): Tokens {
  let capacity = Math.max(64, text.length >> 3);
  let kinds = new Uint8Array(capacity);
  let starts = new Uint32Array(capacity + 1);
  let count = 0;
  const push = (kind: Kind, start: number) => {
    if (count === capacity) {
      capacity *= 2;
      const widerKinds = new Uint8Array(capacity);
      widerKinds.set(kinds);
      kinds = widerKinds;
      const widerStarts = new Uint32Array(capacity + 1);
      widerStarts.set(starts);
      starts = widerStarts;
    }
    kinds[count] = kind;
    starts[count] = start;
    count += 1;
  };

  // The string that a following colon would turn into a key.
  let lastString = -1;
  let at = 0;
  while (at < text.length) {
    const start = at;
    const unit = text.charCodeAt(at);
    if (isSpace(unit)) {
      while (at < text.length && isSpace(text.charCodeAt(at))) at += 1;
      push(Kind.space, start);
      continue;
    }
    if (unit === 0x22) {
      at = endOfString(text, at);
      const isDigest = at - start <= LONGEST_DIGEST && DIGEST.test(text.slice(start, at));
      push(isDigest ? Kind.digest : Kind.string, start);
      lastString = count - 1;
      continue;
    }
    if (isPunctuation(unit)) {
      at += 1;
      if (unit === 0x3a && lastString >= 0) kinds[lastString] = Kind.key;
      push(Kind.punctuation, start);
    } else if (isNumberStart(unit)) {
      while (at < text.length && isNumberPart(text.charCodeAt(at))) at += 1;
      push(Kind.number, start);
    } else if (isLetter(unit)) {
      while (at < text.length && isLetter(text.charCodeAt(at))) at += 1;
      const word = text.slice(start, at);
      push(word === "true" || word === "false" || word === "null" ? Kind.word : Kind.other, start);
    } else {
      at += 1;
      while (at < text.length && startsOther(text.charCodeAt(at))) at += 1;
      push(Kind.other, start);
    }
    lastString = -1;
  }
  starts[count] = text.length;
  return { text, count, kinds, starts };
}

const startsOther = (unit: number) =>
  !isSpace(unit) && unit !== 0x22 && !isPunctuation(unit) && !isNumberStart(unit) && !isLetter(unit);

/** The offset after the closing quote, or the end of the text where the quote is missing. */
function endOfString(text: string, open: number): number {
  let at = open + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let backslashes = 0;
    while (quote - 1 - backslashes > open && text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** The digest inside a digest token, without its quotes. */
export function digestAt(tokens: Tokens, index: number): string | null {
  if (tokens.kinds[index] !== Kind.digest) return null;
  return tokens.text.slice((tokens.starts[index] ?? 0) + 1, (tokens.starts[index + 1] ?? 0) - 1);
}
