import { describe, expect, it } from "vitest";
import type { MapItem } from "../../ipc/bindings";
import { layOut, neighbour, squarify } from "./treemap";

const BOX = { left: 0, top: 0, width: 6, height: 4 };
const item = (node: number, size: number, part: Partial<MapItem> = {}): MapItem => ({ node, parent: null, name: `n${node}`, size, kind: "file", change: "unchanged", rest: 0, ...part });

describe("squarified boxes", () => {
  it("are those of the paper's example", () => {
    // Bruls, Huizing and van Wijk, section 3.2: 6, 6, 4, 3, 2, 2, 1 in a rectangle of 6 by 4.
    const boxes = squarify([6, 6, 4, 3, 2, 2, 1], BOX);
    expect(boxes.slice(0, 2).map(({ left, top, width, height }) => [left, top, width, height])).toEqual([[0, 0, 3, 2], [0, 2, 3, 2]]);
    expect(boxes[2]?.left).toBeCloseTo(3);
    expect(boxes[2]?.height).toBeCloseTo(7 / 3);
    expect(boxes[2]?.width).toBeCloseTo(12 / 7);
  });
  it("have areas by size, lie inside, and do not overlap", () => {
    const sizes = Array.from({ length: 80 }, (_, index) => 1000 / (index + 1));
    const box = { left: 10, top: 20, width: 640, height: 480 };
    const boxes = squarify(sizes, box);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    for (const [index, one] of boxes.entries()) {
      expect((one.width * one.height) / (640 * 480)).toBeCloseTo((sizes[index] ?? 0) / total, 6);
      expect(one.left).toBeGreaterThanOrEqual(10 - 1e-6);
      expect(one.top + one.height).toBeLessThanOrEqual(500 + 1e-6);
      for (const other of boxes.slice(index + 1)) {
        const apart = one.left + one.width <= other.left + 1e-6 || other.left + other.width <= one.left + 1e-6 || one.top + one.height <= other.top + 1e-6 || other.top + other.height <= one.top + 1e-6;
        expect(apart).toBe(true);
      }
    }
    const thinnest = Math.max(...boxes.map(({ width, height }) => Math.max(width / height, height / width)));
    expect(thinnest).toBeLessThan(4);
  });
  it("take no room where there is nothing", () => {
    expect(squarify([], BOX)).toEqual([]);
    expect(squarify([0, 0], BOX).map(({ width }) => width)).toEqual([0, 0]);
  });
});

describe("tiles", () => {
  const items = [item(1, 900, { kind: "directory" }), item(2, 600, { parent: 1 }), item(3, 300, { parent: 1 }), item(4, 100)];
  it("lie in their folder, below its name", () => {
    const tiles = layOut(items, 600, 400);
    expect(tiles.map(({ item: { node }, depth }) => [node, depth])).toEqual([[1, 0], [2, 1], [3, 1], [4, 0]]);
    const [folder, inside] = tiles;
    expect(inside?.top).toBe((folder?.top ?? 0) + 18);
    expect((inside?.left ?? 0) + (inside?.width ?? 0)).toBeLessThanOrEqual((folder?.left ?? 0) + (folder?.width ?? 0));
  });
  it("of a small folder are left out", () => expect(layOut(items, 30, 30).map(({ item: { node } }) => node)).toEqual([1, 4]));
  it("are found from one another by arrows", () => {
    const tiles = layOut([item(1, 1), item(2, 1), item(3, 1), item(4, 1)], 100, 100);
    const at = tiles.findIndex(({ left, top }) => left === 0 && top === 0);
    const right = neighbour(tiles, at, "ArrowRight");
    expect(tiles[right ?? -1]).toMatchObject({ left: 50, top: 0 });
    expect(tiles[neighbour(tiles, right ?? -1, "ArrowDown") ?? -1]).toMatchObject({ left: 50, top: 50 });
    expect(neighbour(tiles, at, "ArrowUp")).toBeNull();
  });
});
