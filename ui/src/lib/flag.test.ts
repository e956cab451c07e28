import { describe, expect, test } from "vitest";
import { flagOf } from "./flag";

// From the design's own pages.
const DRAWN: [digest: string, layout: string, ground: string, figure: string][] = [
  ["sha256:a803e7c4b030", "halves", "paper", "c"],
  ["sha256:32fdf92db4e1", "quarters", "d", "b"],
  ["sha256:4bd3c1f0a986", "cross", "paper", "c"],
  ["sha256:70aa36ee1d95", "saltire", "b", "d"],
  ["sha256:71cc5a900e3b", "square", "c", "paper"],
  ["sha256:a2090effc154", "diagonal", "paper", "a"],
  ["sha256:1f83a0c99d6e", "pale", "paper", "c"],
  ["sha256:e07c55a9b012", "fess", "c", "paper"],
  ["sha256:d50e66210ab3", "disc", "a", "b"],
  ["sha256:9a1f0c77d2b3", "lozenge", "paper", "d"],
  ["sha256:17c2f3380ba4", "bars", "b", "d"],
];

describe("flagOf", () => {
  test.each(DRAWN)("%s is a %s", (digest, layout, ground, figure) => {
    expect(flagOf(digest)).toEqual({ layout, ground, figure });
  });
  test("an algorithm's name plays no part", () => expect(flagOf("sha512:32fd00")).toEqual(flagOf("32fd")));
  test.each(["", "sha256:", "latest", "sha256:zz11"])("%o has no flag", (text) => expect(flagOf(text)).toBeNull());
});
