// The quay: layers of the practice registry as slabs. A layer that neighbours share at the same
// height is one slab across them; heights are proportional to bytes.

import type { PracticeImage, PracticeLayer } from "../../ipc/bindings";

export type Slab = {
  layer: PracticeLayer;
  /** First column, and how many it spans. */
  column: number;
  span: number;
  /** 0 is on the ground. */
  level: number;
  /** Pixels above the ground, and its height in pixels. */
  bottom: number;
  height: number;
  /** Nothing stands on it, so that a label has room above. */
  top: boolean;
  /** Carries others and is shared: drawn darker. */
  base: boolean;
};

export type Quay = { images: PracticeImage[]; slabs: Slab[]; height: number };

const GAP = 2;
const LEAST = 4;

/** `tallest` is the height of the tallest stack, in pixels. */
export function layOut(given: PracticeImage[], tallest: number): Quay {
  const images = neighbours(given);
  const heaviest = Math.max(1, ...images.map(({ size }) => size));
  const gaps = Math.max(0, ...images.map(({ layers }) => layers.length - 1)) * GAP;
  const scale = (tallest - gaps) / heaviest;
  const heightOf = (layer: PracticeLayer) => Math.max(LEAST, Math.round(layer.size * scale));

  const slabs: Slab[] = [];
  const deepest = Math.max(0, ...images.map(({ layers }) => layers.length));
  for (let level = 0; level < deepest; level += 1) {
    let column = 0;
    while (column < images.length) {
      const image = images[column];
      const layers = image ? stackOf(image) : [];
      const layer = layers[level];
      if (!layer) {
        column += 1;
        continue;
      }
      let span = 1;
      while (image && sharesUpTo(image, images[column + span], level)) span += 1;
      const bottom = layers.slice(0, level).reduce((sum, below) => sum + heightOf(below) + GAP, 0);
      slabs.push({
        layer,
        column,
        span,
        level,
        bottom,
        height: heightOf(layer),
        top: images.slice(column, column + span).every((above) => stackOf(above).length === level + 1),
        base: level === 0 && span > 1,
      });
      column += span;
    }
  }
  const height = Math.max(0, ...slabs.map((slab) => slab.bottom + slab.height));
  return { images, slabs, height };
}

/** Bottom first. A multi-platform image is no stack of layers: its first platform stands on top. */
function stackOf(image: PracticeImage): PracticeLayer[] {
  return image.platforms.length > 1 ? [...image.layers].reverse() : image.layers;
}

function sharesUpTo(a: PracticeImage, b: PracticeImage | undefined, level: number): boolean {
  if (!b || a.platforms.length > 1 || b.platforms.length > 1) return false;
  for (let index = 0; index <= level; index += 1) {
    if (a.layers[index]?.digest !== b.layers[index]?.digest) return false;
  }
  return b.layers.length > level;
}

/** Images that stand on the same layers are put side by side; otherwise the order is kept. */
function neighbours(images: PracticeImage[], level = 0): PracticeImage[] {
  const groups = new Map<string, PracticeImage[]>();
  images.forEach((image, index) => {
    const digest = image.platforms.length > 1 ? undefined : image.layers[level]?.digest;
    const key = digest ?? `alone ${index}`;
    groups.set(key, [...(groups.get(key) ?? []), image]);
  });
  return [...groups.values()].flatMap((group) => (group.length > 1 && level < 127 ? neighbours(group, level + 1) : group));
}

/** The one to begin with: a large one that is not here and shares its layers, else any that is not here. */
export function firstToPull(images: PracticeImage[]): PracticeImage | null {
  const away = images.filter(({ local }) => !local);
  const shared = (image: PracticeImage) =>
    images.filter((other) => other !== image && other.layers.some(({ digest }) => image.layers.some((layer) => layer.digest === digest))).length;
  const sharing = away.filter((image) => shared(image) > 0);
  const from = sharing.length > 0 ? sharing : away;
  const largest = Math.max(0, ...from.map(({ size }) => size));
  // Versions differ by little: the first of them, as one would read them.
  return from.find(({ size }) => size >= largest * 0.9) ?? null;
}
