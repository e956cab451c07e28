import { describe, expect, test } from "vitest";
import { ago, bytes, bytesOf, cut, elapsed, inWords, plural, remaining, shortDigest, timestamp } from "./format";

describe("bytes", () => {
  test.each([
    [0, "0 B"],
    [627, "627 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [1460, "1.5 kB"],
    [99_949, "99.9 kB"],
    [99_950, "100 kB"],
    [420_000, "420 kB"],
    [999_499, "999 kB"],
    [999_500, "1.0 MB"],
    [8_800_000, "8.8 MB"],
    [412_000_000, "412 MB"],
    [1_100_000_000, "1.1 GB"],
    [-5, "0 B"],
  ])("%d is %s", (count, text) => expect(bytes(count)).toBe(text));
});

test("bytesOf names the unit once where both share it", () => {
  expect(bytesOf(12_300_000, 41_400_000)).toBe("12.3 / 41.4 MB");
  expect(bytesOf(900_000, 41_400_000)).toBe("900 kB / 41.4 MB");
});

describe("elapsed", () => {
  test.each([
    [84, "84 ms"],
    [999, "999 ms"],
    [6100, "6.1 s"],
    [59_949, "59.9 s"],
    [59_950, "1 min 0 s"],
    [125_000, "2 min 5 s"],
    [3_840_000, "1 h 4 min"],
  ])("%d ms is %s", (milliseconds, text) => expect(elapsed(milliseconds)).toBe(text));
});

describe("remaining is rounded as an estimate is", () => {
  test.each([
    [0.2, "about 1 s left"],
    [2.4, "about 3 s left"],
    [31, "about 35 s left"],
    [58, "about 1 min left"],
    [600, "about 10 min left"],
    [7200, "about 2 h left"],
  ])("%d s", (seconds, text) => expect(remaining(seconds)).toBe(text));
});

describe("ago", () => {
  const now = Date.parse("2026-06-15T12:00:00Z");
  test.each([
    ["2026-06-15T11:59:30Z", "just now"],
    ["2026-06-15T11:58:00Z", "2 minutes ago"],
    ["2026-06-15T11:00:00Z", "1 hour ago"],
    ["2026-06-13T11:00:00Z", "2 days ago"],
    ["2026-05-25T12:00:00Z", "3 weeks ago"],
    ["2026-03-10T12:00:00Z", "3 months ago"],
    ["2024-06-01T12:00:00Z", "2 years ago"],
    ["2031-01-01T00:00:00Z", "in the future"],
    ["1970-01-01T00:00:00Z", "56 years ago"],
  ])("%s is %s", (iso, text) => expect(ago(iso, now)).toBe(text));
  test("what is no date has no age", () => {
    expect(ago("yesterday-ish", now)).toBeNull();
    expect(timestamp("yesterday-ish")).toBe("yesterday-ish");
  });
});

test("words and plurals", () => {
  expect([plural(1, "layer"), plural(8, "layer"), plural(1036, "tag"), inWords(3), inWords(11)]).toEqual(["1 layer", "8 layers", "1,036 tags", "three", "11"]);
});

test("digests are cut to twelve digits, whatever the algorithm", () => {
  expect(shortDigest("sha256:32fdf92db4e1c7aa")).toBe("32fdf92db4e1");
  expect(shortDigest("sha512:abc")).toBe("abc");
});

test("huge text is cut, and says so", () => {
  expect(cut("abc", 10)).toBe("abc");
  expect(cut("x".repeat(1_000_010), 10)).toBe(`${"x".repeat(10)}… (1,000,000 more characters)`);
});
