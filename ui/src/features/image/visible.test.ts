import { describe, expect, it } from "vitest";
import { shown, visible } from "./visible";

describe("visible", () => {
  const table: [name: string, text: string, result: string][] = [
    ["plain text stays", "Zürich, 東京 🚢 <b>&amp;</b>", "Zürich, 東京 🚢 <b>&amp;</b>"],
    ["an ANSI escape", "\u001b[31mred", "\\u001b[31mred"],
    ["a direction override", "exe.\u202egpj", "exe.\\u202egpj"],
    ["zero-width marks", "a\u200bb\u2060c\ufeff", "a\\u200bb\\u2060c\\ufeff"],
    ["tab and line feed stay", "a\tb\nc", "a\tb\nc"],
    ["a carriage return would overwrite", "a\rb", "a\\u000db"],
    ["half a character", "\ud83d.", "\\ud83d."],
    ["tag characters hide words", "\u{E0041}", "\\u{e0041}"],
  ];
  it.each(table)("%s", (_, text, result) => expect(visible(text)).toBe(result));
});

it("cuts what is endless", () => {
  expect(shown("x".repeat(10_000_000), 20)).toBe(`${"x".repeat(20)}\u2026 (9,999,980 more characters)`);
});
