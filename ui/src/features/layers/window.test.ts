import { describe, expect, it } from "vitest";
import { offsets, placed, range, reveal, rowAt } from "./window";

const mixed = offsets([36, 24, 24, 36]);

describe("range", () => {
  const table: [name: string, heights: number | Float64Array, count: number, top: number, height: number, from: number, to: number][] = [
    ["the top", 20, 1_000, 0, 100, 0, 8],
    ["the middle", 20, 1_000, 2_000, 100, 98, 108],
    ["the end", 20, 1_000, 19_900, 100, 993, 1_000],
    ["scrolled past the end", 20, 10, 9_000, 100, 7, 10],
    ["nothing", 20, 0, 0, 100, 0, 0],
    ["mixed heights", mixed, 4, 60, 1, 0, 4],
  ];
  it.each(table)("%s", (_, heights, count, top, height, from, to) => {
    expect(range(heights, count, top, height, 2)).toEqual({ from, to });
  });
});

it("finds a row among mixed heights", () => {
  expect([0, 35, 36, 59, 60, 84, 500].map((at) => rowAt(mixed, 4, at))).toEqual([0, 0, 1, 1, 2, 3, 3]);
});

describe("placed", () => {
  it("begins in order with the first row", () => expect(placed({ from: 8, to: 12 }, 8, 4)).toEqual([8, 9, 10, 11]));
  it("leaves rows that stay where they are", () => expect(placed({ from: 10, to: 14 }, 8, 4)).toEqual([12, 13, 10, 11]));
  it("goes up too", () => expect(placed({ from: 5, to: 9 }, 8, 4)).toEqual([8, 5, 6, 7]));
  it("leaves places empty that nothing needs", () => expect(placed({ from: 0, to: 2 }, 0, 4)).toEqual([0, 1, null, null]));
});

describe("reveal", () => {
  it("stays where the row is in view", () => expect(reveal(20, 5, 40, 100)).toBe(40));
  it("scrolls up to its top", () => expect(reveal(20, 1, 40, 100)).toBe(20));
  it("scrolls down to its end", () => expect(reveal(20, 9, 40, 100)).toBe(100));
});
