/**
 * Where each rectangle of a treemap lies: the squarified layout of Bruls, Huizing and van Wijk (2000), in pixels.
 * Areas are proportional to bytes, and rectangles as near to squares as the order by size allows. Pure.
 */
import type { MapItem } from "../../ipc/bindings";

export type Box = { left: number; top: number; width: number; height: number };
export type Tile = Box & { item: MapItem; /** 0 at the top */ depth: number };

/** Lays sizes, largest first, into a box; one box each, in order. */
export function squarify(sizes: readonly number[], into: Box): Box[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const boxes: Box[] = [];
  if (total <= 0 || into.width <= 0 || into.height <= 0) return sizes.map(() => ({ ...into, width: 0, height: 0 }));
  const scale = (into.width * into.height) / total;
  let rest = { ...into };
  for (let at = 0; at < sizes.length; ) {
    const side = Math.min(rest.width, rest.height);
    let end = at + 1;
    let sum = (sizes[at] ?? 0) * scale;
    let worst = ratio(sum, sum, sum, side);
    // A row takes the next one as long as that makes none of it longer than before.
    for (; end < sizes.length; end += 1) {
      const next = (sizes[end] ?? 0) * scale;
      const longer = ratio((sizes[at] ?? 0) * scale, next, sum + next, side);
      if (longer > worst) break;
      worst = longer;
      sum += next;
    }
    const thick = side > 0 ? sum / side : 0;
    const lies = rest.width >= rest.height;
    let along = lies ? rest.top : rest.left;
    for (const size of sizes.slice(at, end)) {
      const length = thick > 0 ? (size * scale) / thick : 0;
      boxes.push(lies ? { left: rest.left, top: along, width: thick, height: length } : { left: along, top: rest.top, width: length, height: thick });
      along += length;
    }
    rest = lies ? { ...rest, left: rest.left + thick, width: Math.max(0, rest.width - thick) } : { ...rest, top: rest.top + thick, height: Math.max(0, rest.height - thick) };
    at = end;
  }
  return boxes;
}

/** How far from a square the worst rectangle of a row would be: its largest and smallest area, their sum, the row's length. */
function ratio(largest: number, smallest: number, sum: number, side: number): number {
  if (smallest <= 0 || sum <= 0) return Infinity;
  const square = side * side;
  return Math.max((square * largest) / (sum * sum), (sum * sum) / (square * smallest));
}

/** A folder's name is drawn above what is in it. */
export const HEADING = 18;
const EDGE = 2;
/** Smaller folders are drawn closed. */
const LEAST = 36;

/** Tiles of all items, a folder before those in it. */
export function layOut(items: readonly MapItem[], width: number, height: number): Tile[] {
  const byParent = new Map<number | null, MapItem[]>();
  for (const item of items) byParent.set(item.parent, [...(byParent.get(item.parent) ?? []), item]);
  const tiles: Tile[] = [];
  const place = (parent: number | null, box: Box, depth: number) => {
    const here = [...(byParent.get(parent) ?? [])].sort((a, b) => b.size - a.size);
    const boxes = squarify(here.map(({ size }) => size), box);
    for (const [index, item] of here.entries()) {
      const own = boxes[index];
      if (!own || own.width < 1 || own.height < 1) continue;
      tiles.push({ ...own, item, depth });
      if (item.rest > 0 || !byParent.has(item.node) || own.width < LEAST || own.height < LEAST + HEADING) continue;
      place(item.node, { left: own.left + EDGE, top: own.top + HEADING, width: own.width - 2 * EDGE, height: own.height - HEADING - EDGE }, depth + 1);
    }
  };
  place(null, { left: 0, top: 0, width, height }, 0);
  return tiles;
}

/** The tile beside `from` in a direction, for the arrow keys; null where there is none. */
export function neighbour(tiles: readonly Tile[], from: number, key: string): number | null {
  const here = tiles[from];
  if (!here) return tiles.length > 0 ? 0 : null;
  const [x, y] = centre(here);
  let best: { index: number; far: number } | null = null;
  for (const [index, tile] of tiles.entries()) {
    if (tile.depth !== here.depth) continue;
    const [tx, ty] = centre(tile);
    const [forward, aside] = key === "ArrowRight" ? [tx - x, ty - y] : key === "ArrowLeft" ? [x - tx, ty - y] : key === "ArrowDown" ? [ty - y, tx - x] : [y - ty, tx - x];
    if (forward <= 0.5) continue;
    const far = forward + 2 * Math.abs(aside);
    if (best === null || far < best.far) best = { index, far };
  }
  return best?.index ?? null;
}
const centre = (box: Box): [number, number] => [box.left + box.width / 2, box.top + box.height / 2];
