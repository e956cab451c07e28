/** Two images side by side: what is drawn of their layers, and what differs. Pure. */
import type { CompareSide, ComparedField, ComparedLayer, Comparison } from "../../ipc/bindings";
import { bytes, plural, shortDigest } from "../../lib/format";

export type Which = "a" | "b";

export type Slab = {
  layer: ComparedLayer;
  /** 1 is the base */
  number: number;
  shared: boolean;
  /** pixels */
  top: number;
  height: number;
};

export type Stack = { slabs: Slab[]; height: number };

/** Thinner slabs could not be pointed at. */
const LEAST = 4;
const GAP = 2;

/** Both stacks to one scale, newest on top: `room` pixels for the larger one. */
export function stacks(layers: readonly ComparedLayer[], room: number): { a: Stack; b: Stack } {
  const a = ofSide(layers, "a");
  const b = ofSide(layers, "b");
  const total = (some: { layer: ComparedLayer }[]) => some.reduce((sum, { layer }) => sum + layer.size, 0);
  const largest = Math.max(total(a), total(b), 1);
  const most = Math.max(a.length, b.length, 1);
  // What the least heights and the gaps take is not there to be shared out by size.
  const scale = Math.max(0, room - most * (GAP + LEAST)) / largest;
  return { a: stacked(a, scale), b: stacked(b, scale) };
}

function ofSide(layers: readonly ComparedLayer[], which: Which): { layer: ComparedLayer; number: number }[] {
  return layers
    .flatMap((layer) => {
      const number = which === "a" ? layer.numberA : layer.numberB;
      return number === null ? [] : [{ layer, number }];
    })
    .sort((one, two) => two.number - one.number);
}

function stacked(layers: { layer: ComparedLayer; number: number }[], scale: number): Stack {
  let top = 0;
  const slabs = layers.map(({ layer, number }): Slab => {
    const height = LEAST + layer.size * scale;
    const slab = { layer, number, shared: layer.side === "both", top, height };
    top += height + GAP;
    return slab;
  });
  return { slabs, height: Math.max(0, top - GAP) };
}

/** Shared layers, as bands from one stack to the other. */
export function bands(both: { a: Stack; b: Stack }): { digest: string; a: Slab; b: Slab }[] {
  return both.a.slabs.flatMap((slab) => {
    const twin = both.b.slabs.find(({ layer }) => layer === slab.layer);
    return slab.shared && twin ? [{ digest: slab.layer.digest, a: slab, b: twin }] : [];
  });
}

/** The band's outline between two columns `width` apart. */
export function bandPath(a: Pick<Slab, "top" | "height">, b: Pick<Slab, "top" | "height">, width: number): string {
  const half = width / 2;
  const [a0, a1, b0, b1] = [a.top, a.top + a.height, b.top, b.top + b.height].map((value) => Math.round(value * 10) / 10);
  return `M0 ${a0 ?? 0}C${half} ${a0 ?? 0} ${half} ${b0 ?? 0} ${width} ${b0 ?? 0}V${b1 ?? 0}C${half} ${b1 ?? 0} ${half} ${a1 ?? 0} 0 ${a1 ?? 0}Z`;
}

export const differs = (field: ComparedField): boolean => field.a !== field.b;

/** Fields by group, in the order in which they came. */
export function byGroup(fields: readonly ComparedField[]): { group: string; fields: ComparedField[] }[] {
  const groups: { group: string; fields: ComparedField[] }[] = [];
  for (const field of fields) {
    const known = groups.find(({ group }) => group === field.group);
    if (known) known.fields.push(field);
    else groups.push({ group: field.group, fields: [field] });
  }
  return groups;
}

/** What a screen reader is told first, and what stands above the stacks. */
export function verdict(comparison: Comparison): string {
  const { same, a, b, sharedBytes, onlyABytes, onlyBBytes } = comparison;
  if (same) return "The same manifest: every byte is equal.";
  if (sharedBytes === 0) return "They share no layer.";
  if (onlyABytes === 0 && onlyBBytes === 0) return "Every layer is shared; only the config differs.";
  const parts = [`${bytes(sharedBytes)} of layers are shared`];
  if (onlyABytes > 0) parts.push(`${bytes(onlyABytes)} only in the first`);
  if (onlyBBytes > 0) parts.push(`${bytes(onlyBBytes)} only in the second`);
  const sizes = b.size === a.size ? "" : b.size > a.size ? ` The second is ${bytes(b.size - a.size)} larger.` : ` The second is ${bytes(a.size - b.size)} smaller.`;
  return `${parts.join(", ")}.${sizes}`;
}

/** Where a side is looked up, in words. */
export const placeOf = (from: CompareSide["from"] | "registry" | "store"): string => (from === "store" ? "On this computer" : from === "registry" ? "In the registry" : "Wherever it is");

export const sameSide = (one: CompareSide, two: CompareSide): boolean => one.input === two.input && one.from === two.from && one.platform === two.platform;

export function layerLine(slab: Slab): string {
  return `Layer ${slab.number}, ${slab.layer.instruction || shortDigest(slab.layer.digest)}, ${bytes(slab.layer.size)}, ${slab.shared ? "in both" : "only here"}`;
}

/** `3 of 14 fields differ`. */
export function fieldCount(fields: readonly ComparedField[]): string {
  const some = fields.filter(differs).length;
  if (some === 0 && fields.length === 1) return "Its one field is equal";
  return some === 0 ? `All ${plural(fields.length, "field")} are equal` : `${some} of ${plural(fields.length, "field")} ${some === 1 ? "differs" : "differ"}`;
}

/** The line that says the same in a terminal. */
export function compareCommand(a: CompareSide, b: CompareSide): string {
  const platform = a.platform !== null && a.platform === b.platform ? ` --platform ${a.platform}` : "";
  return `longshore diff${platform} ${named(a)} ${named(b)}`;
}
const named = (side: CompareSide): string => (side.from === "store" ? `store:${side.input}` : side.from === "registry" ? `docker://${side.input}` : side.input);
