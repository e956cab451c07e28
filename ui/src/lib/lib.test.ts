import { describe, expect, test } from "vitest";
import { keyCaps, matches } from "./keys";
import { mergeBy } from "./merge";
import { OFFICIAL, difference, distance, nearest } from "./nearest";
import { runs } from "./prose";
import { digestSegment, familiarSegments } from "./segments";

const press = (key: string, held: Partial<KeyboardEventInit> = {}) => new KeyboardEvent("keydown", { key, ...held });

describe("shortcuts", () => {
  test("Mod is Ctrl, and ⌘ on macOS", () => {
    expect(keyCaps("Mod+Shift+C", false)).toEqual(["Ctrl", "Shift", "C"]);
    expect(keyCaps("Mod+Enter", true)).toEqual(["⌘", "↵"]);
  });
  test.each([
    ["Mod+K", press("k", { ctrlKey: true }), true],
    ["Mod+K", press("k"), false],
    ["Mod+K", press("k", { ctrlKey: true, shiftKey: true }), false],
    ["Mod+Shift+C", press("C", { ctrlKey: true, shiftKey: true }), true],
    ["Alt+Left", press("ArrowLeft", { altKey: true }), true],
    ["Alt+Left", press("ArrowLeft"), false],
    ["Mod+,", press(",", { ctrlKey: true }), true],
    ["?", press("?", { shiftKey: true }), true],
    ["F5", press("F5"), true],
    ["Mod+K", press("k", { ctrlKey: true, metaKey: true }), false],
  ])("%s", (keys, event, expected) => expect(matches(event, keys, false)).toBe(expected));
});

describe("spelling", () => {
  test.each([
    ["ngnix", "nginx", 1],
    ["alpin", "alpine", 1],
    ["kitten", "sitting", 3],
    ["", "abc", 3],
  ])("%s and %s are %d apart", (a, b, edits) => expect(distance(a, b)).toBe(edits));
  test.each([
    ["ngnix", "nginx"],
    ["postgress", "postgres"],
    ["nginx", null],
    ["my-own-application", null],
    ["xy", null],
    ["x".repeat(5000), null],
  ])("%s was meant as %s", (name, meant) => expect(nearest(name, OFFICIAL)).toBe(meant));
  test("the difference is the smallest part that is not shared", () => {
    expect(difference("ngnix", "nginx")).toEqual({ from: 2, to: 4 });
    expect(difference("alpin", "alpine")).toEqual({ from: 5, to: 5 });
  });
});

describe("familiar names in colours", () => {
  const kinds = (name: string) => familiarSegments(name).map(({ kind, text, before }) => `${before}${kind}=${text}`);
  test.each([
    ["nginx", ["repository=nginx"]],
    ["nginx:1.25", ["repository=nginx", ":tag=1.25"]],
    ["owner/app:v2", ["namespace=owner", "/repository=app", ":tag=v2"]],
    ["ghcr.io/owner/image", ["registry=ghcr.io", "/namespace=owner", "/repository=image"]],
    ["localhost:5000/app", ["registry=localhost:5000", "/repository=app"]],
    ["[::1]:5000/a/b/c:t", ["registry=[::1]:5000", "/namespace=a/b", "/repository=c", ":tag=t"]],
    ["nginx@sha256:ab", ["repository=nginx", "@digest=sha256:ab"]],
  ])("%s", (name, expected) => expect(kinds(name)).toEqual(expected));
  test("a name is never lost, whatever it is", () => {
    for (const odd of ["", "/", ":", "@", "a//b", "::::", "a@b@c"]) expect(() => familiarSegments(odd)).not.toThrow();
  });
  test("long digests are cut for the eye", () => {
    expect(digestSegment(`sha256:${"a".repeat(64)}`)).toBe("sha256:aaaaaaaaaaaa…");
    expect(digestSegment("sha256:abc")).toBe("sha256:abc");
  });
});

describe("prose", () => {
  test("backticks hold values", () => {
    expect(runs("keeps `library` there")).toEqual([
      { text: "keeps ", code: false },
      { text: "library", code: true },
      { text: " there", code: false },
    ]);
  });
  test("a lone backtick is text", () => expect(runs("a ` b")).toEqual([{ text: "a ` b", code: false }]));
});

test("mergeBy replaces in place and appends what is new", () => {
  const merged = mergeBy([{ id: 1, at: "a" }, { id: 2, at: "b" }], [{ id: 2, at: "B" }, { id: 3, at: "c" }], ({ id }) => id);
  expect(merged.map(({ at }) => at).join("")).toBe("aBc");
});
