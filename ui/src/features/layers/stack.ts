/** The layer stack, newest on top: what each row says and how wide its slab is. */
import type { ImageDetail, LayerDetail } from "../../ipc/bindings";

/** Bytes that are here already for another reason than this image are hatched, wherever they are drawn. */
export type LayerState = "own" | "shared" | "here" | "missing";

export type StackRow = {
  layer: LayerDetail;
  /** position in `detail.layers`, which has the base first */
  index: number;
  state: LayerState;
};

/** Whether the image is on this computer as it is: then the question is what it shares, else what would be fetched. */
export const isLocal = (detail: Pick<ImageDetail, "from" | "local">): boolean => detail.from === "store" || detail.local === "same";

export function stateOf(layer: LayerDetail, local: boolean): LayerState {
  if (local) return layer.alsoIn.length > 0 ? "shared" : "own";
  return layer.presentLocally ? "here" : "missing";
}

export const isHatched = (state: LayerState): boolean => state === "shared" || state === "here";

export function stackRows(detail: ImageDetail): StackRow[] {
  const local = isLocal(detail);
  return detail.layers.map((layer, index) => ({ layer, index, state: stateOf(layer, local) })).reverse();
}

export const ROW = 36;
export const STEP = 24;
export const heightOf = (row: StackRow): number => (row.layer.number === null ? STEP : ROW);

/** The words on a row's badge and in its legend. */
export const STATE_WORDS: Record<LayerState, string> = {
  own: "Only in this image",
  shared: "Shared",
  here: "Already here",
  missing: "To fetch",
};

const LEAST_SLAB = 4;

/** Slab widths in a column `room` pixels wide: the largest layer fills it. */
export function slabWidth(size: number, largest: number, room: number): number {
  return largest === 0 ? LEAST_SLAB : Math.max(LEAST_SLAB, Math.round((room * size) / largest));
}

export type Summary = { total: number; hatched: number; count: number; others: number; local: boolean };

/** One digest may be listed twice; its bytes travel once. */
export function summary(detail: ImageDetail): Summary {
  const local = isLocal(detail);
  const seen = new Set<string>();
  const others = new Set<string>();
  let total = 0;
  let hatched = 0;
  let count = 0;
  for (const layer of detail.layers) {
    if (layer.digest === null) continue;
    count += 1;
    for (const name of layer.alsoIn) others.add(name);
    if (seen.has(layer.digest)) continue;
    seen.add(layer.digest);
    total += layer.size;
    if (isHatched(stateOf(layer, local))) hatched += layer.size;
  }
  return { total, hatched, count, others: others.size, local };
}

/** Images that share layers with this one, most layers first. */
export function sharers(layers: readonly LayerDetail[]): { name: string; layers: number }[] {
  const counts = new Map<string, number>();
  for (const layer of layers) for (const name of layer.alsoIn) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, layers: count })).sort((a, b) => b.layers - a.layers || a.name.localeCompare(b.name));
}

/** `Layers 1 to 3`, `Layer 2`, `Layers 1, 2 and 5`: the layers that other images have too. */
export function sharedNumbers(layers: readonly LayerDetail[]): string {
  const numbers = layers.flatMap((layer) => (layer.number !== null && layer.alsoIn.length > 0 ? [layer.number] : []));
  const first = numbers[0];
  const last = numbers.at(-1);
  if (first === undefined || last === undefined) return "";
  if (numbers.length === 1) return `Layer ${first}`;
  if (last - first === numbers.length - 1) return `Layers ${first} to ${last}`;
  if (numbers.length > 6) return `${numbers.length} layers`;
  return `Layers ${numbers.slice(0, -1).join(", ")} and ${last}`;
}

/** A shell line broken where a person would break it. */
export function brokenUp(words: string): string {
  return words.replace(/[ \t]+(&&|\|\|)[ \t]+/g, " \\\n $1 ");
}

/** `…image.layer.v1.tar+gzip`: the end of a media type is what differs. */
export function shortMediaType(mediaType: string): string {
  const at = mediaType.indexOf("image.");
  return at > 0 && mediaType.length > 28 ? `\u2026${mediaType.slice(at)}` : mediaType;
}
