/** Which images of an archive are loaded, under which names, and what that would move. Pure. */
import type { ArchiveImage, ArchiveName, ArchiveView, LoadImage } from "../../ipc/bindings";
import { inWords, plural, shortDigest } from "../../lib/format";

/** Indices of images of one archive. */
export type Chosen = ReadonlySet<number>;

export const NONE: Chosen = new Set();

const named = (image: ArchiveImage): ArchiveName[] => image.names.filter(({ state }) => state !== "invalid");
export const moving = (image: ArchiveImage): ArchiveName[] => image.names.filter(({ state }) => state === "moves");

/** Why an image can't be loaded; null where it can. */
export const obstacle = (image: ArchiveImage): string | null =>
  image.missing.length === 0 ? null : `The archive does not have ${image.missing.length === 1 ? "one of its parts" : `${inWords(image.missing.length)} of its parts`}`;

/** All that can be loaded, without those of which every name stands for another image here: these are for a person to choose. */
export function firstChoice(images: readonly ArchiveImage[]): Chosen {
  const all = images.filter((image) => obstacle(image) === null);
  const harmless = all.filter((image) => moving(image).length === 0 || moving(image).length < named(image).length);
  return new Set(harmless.map(({ index }) => index));
}

export function toggled(chosen: Chosen, index: number): Chosen {
  const next = new Set(chosen);
  if (!next.delete(index)) next.add(index);
  return next;
}

/** The box above all rows. */
export function allState(images: readonly ArchiveImage[], chosen: Chosen): boolean | "mixed" {
  const able = images.filter((image) => obstacle(image) === null);
  const some = able.filter(({ index }) => chosen.has(index)).length;
  return some === 0 ? false : some === able.length ? true : "mixed";
}

export const allAble = (images: readonly ArchiveImage[]): Chosen => new Set(images.filter((image) => obstacle(image) === null).map(({ index }) => index));

/** What has to be agreed to, as the label of its checkbox; null where no name moves. */
export function confirmation(images: readonly ArchiveImage[], chosen: Chosen): string | null {
  const moves = images.filter(({ index }) => chosen.has(index)).flatMap(moving);
  const [first] = moves;
  if (!first) return null;
  if (moves.length > 1) return `Move ${plural(moves.length, "name")} from the images that they stand for here`;
  return `Move \`${first.breakdown?.familiar ?? first.name}\` from ${first.previous === null ? "its image" : shortDigest(first.previous, 8)} to this image`;
}

/** The request's list. Names that are no references are left out: the image is known by its digest then. */
export const toLoad = (images: readonly ArchiveImage[], chosen: Chosen): LoadImage[] =>
  images.filter(({ index }) => chosen.has(index)).map((image) => ({ index: image.index, names: named(image).map(({ name }) => name) }));

/** bytes that are not here yet; a layer that two of them share counts once */
export function newBytes(images: readonly ArchiveImage[], chosen: Chosen): number {
  const seen = new Set<string>();
  let sum = 0;
  for (const image of images) {
    if (!chosen.has(image.index)) continue;
    let repeated = 0;
    for (const { digest, size, here } of image.layers) {
      if (here) continue;
      if (seen.has(digest)) repeated += size;
      seen.add(digest);
    }
    sum += Math.max(0, image.newBytes - repeated);
  }
  return sum;
}

export type LayerCount = { all: number; here: number };

/** Layers of all images, each digest once. */
export function layerCount(images: readonly ArchiveImage[]): LayerCount {
  const layers = new Map(images.flatMap(({ layers }) => layers.map(({ digest, here }) => [digest, here] as const)));
  return { all: layers.size, here: [...layers.values()].filter(Boolean).length };
}

/** Whether an archive is one of images, so that it is loaded and not imported. */
export const holdsImages = (view: ArchiveView): boolean => view.images.length > 0;
