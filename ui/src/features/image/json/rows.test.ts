import { describe, expect, it, vi } from "vitest";
import { digestAt, Kind, tokenize } from "./tokens";
import { layOut, pieces, preferredLayout, rowOfDigest, type Layout, type Rows } from "./rows";

const DIGEST = `sha256:${"0c93f2ab".repeat(8)}`;
const SHA512 = `sha512:${"ab".repeat(64)}`;

const words = Object.fromEntries(Object.entries(Kind).map(([word, kind]) => [kind, word]));
const seen = (text: string) => {
  const tokens = tokenize(text);
  return Array.from({ length: tokens.count }, (_, index) => {
    const shown = text.slice(tokens.starts[index], tokens.starts[index + 1]);
    return `${words[tokens.kinds[index] ?? 7]} ${shown}`;
  }).filter((row) => !row.startsWith("space"));
};
const rowText = (rows: Rows, row: number) =>
  " ".repeat(rows.indents[row] ?? 0) +
  pieces(rows, row)
    .map((piece) => piece.text)
    .join("");
const rowTexts = (rows: Rows) => Array.from({ length: rows.count }, (_, row) => rowText(rows, row));
const indentedRows = (text: string, columns = 200) => rowTexts(layOut(tokenize(text), "indented", columns));

const manifest = (layers: number) => `{"layers":[${`{"digest":"${DIGEST}","size":28204117},`.repeat(layers)}1]}`;

/** Characters and tokens that are looked at to lay a text out. */
function work(text: string, layout: Layout): number {
  let steps = 0;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- each is called with a `this` of its own below
  const { charCodeAt, indexOf, slice } = String.prototype;
  const counted = <A extends Uint8Array | Uint32Array>(array: A): A =>
    new Proxy(array, {
      get: (of, key) => {
        steps += 1;
        const value: unknown = Reflect.get(of, key, of);
        return typeof value === "function" ? (value.bind(of) as unknown) : value;
      },
    });
  const spies = [
    vi.spyOn(String.prototype, "charCodeAt").mockImplementation(function (this: string, at) {
      steps += 1;
      return charCodeAt.call(this, at);
    }),
    vi.spyOn(String.prototype, "indexOf").mockImplementation(function (this: string, what, from = 0) {
      const found = indexOf.call(this, what, from);
      steps += (found < 0 ? this.length : found) - from;
      return found;
    }),
    vi.spyOn(String.prototype, "slice").mockImplementation(function (this: string, from, to) {
      const part = slice.call(this, from, to);
      steps += part.length;
      return part;
    }),
  ];
  try {
    const tokens = tokenize(text);
    layOut({ ...tokens, kinds: counted(tokens.kinds), starts: counted(tokens.starts) }, layout, 120);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return steps;
}

describe("tokenize", () => {
  const table: [name: string, text: string, tokens: string[]][] = [
    ["key and number", '{"size": 7244}', ['punctuation {', 'key "size"', "punctuation :", "number 7244", "punctuation }"]],
    ["escaped quote", '"a\\"b"', ['string "a\\"b"']],
    ["escaped backslash before the quote", '"a\\\\" 1', ['string "a\\\\"', "number 1"]],
    ["digest", `"${DIGEST}"`, [`digest "${DIGEST}"`]],
    ["sha512 digest", `"${SHA512}"`, [`digest "${SHA512}"`]],
    ["digest with an upper-case letter is text", `"${DIGEST.replace("c", "C")}"`, [`string "${DIGEST.replace("c", "C")}"`]],
    ["digest as a key is a key", `{"${DIGEST}":1}`, ["punctuation {", `key "${DIGEST}"`, "punctuation :", "number 1", "punctuation }"]],
    ["words", "[true,null]", ["punctuation [", "word true", "punctuation ,", "word null", "punctuation ]"]],
    ["unknown word", "undefined", ["other undefined"]],
    ["open string runs to the end", '{"a', ["punctuation {", 'string "a']],
    ["text that is no JSON", "\u00a7\u00a7 <b>", ["other \u00a7\u00a7", "other <", "other b", "other >"]],
  ];
  it.each(table)("%s", (_, text, tokens) => {
    expect(seen(text)).toEqual(tokens);
  });

  it("gives every character to exactly one token", () => {
    const text = ' {"a" : [1,2,{"b":"\\u202e"}],, trailing "open';
    const tokens = tokenize(text);
    let joined = "";
    for (let index = 0; index < tokens.count; index += 1) joined += text.slice(tokens.starts[index], tokens.starts[index + 1]);
    expect(joined).toBe(text);
  });

  it("names the digest without its quotes", () => {
    const tokens = tokenize(`["${DIGEST}",1]`);
    expect(digestAt(tokens, 1)).toBe(DIGEST);
    expect(digestAt(tokens, 3)).toBeNull();
  });

  it("takes 4 MiB", () => {
    const text = manifest(40_000);
    expect(text.length).toBeGreaterThan(4_000_000);
    expect(layOut(tokenize(text), "indented", 120).count).toBe(160_005);
  });

  it.each(["indented", "received"] as const)("does eight times the work for eight times the text, %s", (layout) => {
    const [small, large] = [work(manifest(200), layout), work(manifest(1_600), layout)];
    expect(small).toBeGreaterThan(manifest(200).length / 10);
    expect(large / small).toBeLessThan(8.1);
  });
});

describe("layOut", () => {
  it("keeps received lines and their numbers", () => {
    const rows = layOut(tokenize('{\n  "a": 1\r\n}\n'), "received", 80);
    expect(rowTexts(rows)).toEqual(["{", '  "a": 1', "}"]);
    expect([...rows.lines]).toEqual([1, 2, 3]);
  });

  it("folds a long received line under one number", () => {
    const rows = layOut(tokenize(`"${"x".repeat(50)}"\n2`), "received", 20);
    expect([...rows.lines]).toEqual([1, 0, 0, 2]);
    expect(rowTexts(rows).slice(0, 3).join("")).toBe(`"${"x".repeat(50)}"`);
  });

  it("gives a comma no row of its own", () => {
    const rows = layOut(tokenize(`"${"x".repeat(18)}",\n1`), "received", 20);
    expect(rowTexts(rows)).toEqual([`"${"x".repeat(18)}",`, "1"]);
  });

  it("never cuts a digest in two", () => {
    const rows = layOut(tokenize(`{"digest":"${DIGEST}","size":1}`), "received", 30);
    const digests = Array.from({ length: rows.count }, (_, row) => pieces(rows, row)).flat().filter((piece) => piece.digest);
    expect(digests.map((piece) => piece.digest)).toEqual([DIGEST]);
  });

  it("never cuts a character in two", () => {
    const rows = layOut(tokenize(`"${"\u{1F6A2}".repeat(40)}"`), "received", 20);
    for (const row of rowTexts(rows)) expect(row).not.toMatch(/[\ud800-\udbff]$/);
  });

  it("indents what came as one line", () => {
    expect(indentedRows('{"a":1,"b":[1,{"c":"d"}],"e":{},"f":[ ]}')).toEqual([
      "{", '  "a": 1,', '  "b": [', "    1,", "    {", '      "c": "d"', "    }", "  ],", '  "e": {},', '  "f": []', "}",
    ]);
  });

  it("indents the same however it was spaced", () => {
    const tight = '{"a":{"b":[true,null]},"c":[]}';
    const loose = '{\n\t"a" : {"b":\n[ true ,\r\nnull ] } ,\n\n"c" :[ ] }\n';
    expect(indentedRows(loose)).toEqual(indentedRows(tight));
  });

  it("loses no text where the document is broken", () => {
    for (const text of ['{"a":1}}]', '{"a" "b"}', "", "[", '{"a":1} trailing {"b":2}']) {
      const bare = (value: string) => value.replace(/\s/g, "");
      expect(bare(indentedRows(text).join(""))).toBe(bare(text));
    }
  });

  it("finds the row that shows a digest", () => {
    const rows = layOut(tokenize(`{"config":{"digest":"${DIGEST}"}}`), "indented", 120);
    expect(rowText(rows, rowOfDigest(rows, DIGEST))).toContain(DIGEST);
    expect(rowOfDigest(rows, SHA512)).toBe(-1);
  });
});

describe("preferredLayout", () => {
  it("keeps a document that came in lines", () => expect(preferredLayout('{\n "a": 1\n}')).toBe("received"));
  it("indents one endless line", () => expect(preferredLayout(`[${"1,".repeat(300)}1]`)).toBe("indented"));
});
