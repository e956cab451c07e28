/** The table of local images: filter, order, knots of one digest, and finding a row by typing. Pure. */
import type { LocalImage } from "../../ipc/bindings";

export type Column = "name" | "size" | "pulled";
export type Order = { column: Column; down: boolean };

/** Text that a row is found by. */
const haystack = (image: LocalImage) => `${image.familiar} ${image.registry} ${image.digest} ${image.platforms.join(" ")}`.toLowerCase();

/** Every word must occur: `nginx arm64` finds the arm64 image of nginx. */
export function filtered(images: readonly LocalImage[], words: string): LocalImage[] {
  const parts = words.toLowerCase().split(/\s+/).filter((part) => part !== "");
  return images.filter((image) => {
    const text = haystack(image);
    return parts.every((part) => text.includes(part));
  });
}

const byName = (a: LocalImage, b: LocalImage) => a.familiar.localeCompare(b.familiar, "en", { numeric: true });
const time = (image: LocalImage) => (image.pulledAt === null ? 0 : Date.parse(image.pulledAt) || 0);

/** Rows that compare equal stand by name, so that an order is the same each time. */
export function sorted(images: readonly LocalImage[], { column, down }: Order): LocalImage[] {
  const compare = column === "name" ? byName : column === "size" ? (a: LocalImage, b: LocalImage) => a.size - b.size : (a: LocalImage, b: LocalImage) => time(a) - time(b);
  return [...images].sort((a, b) => (down ? compare(b, a) : compare(a, b)) || byName(a, b));
}

/** The order after a click on a column's head: sizes and dates begin with the largest and newest. */
export function turned(order: Order, column: Column): Order {
  return order.column === column ? { column, down: !order.down } : { column, down: column !== "name" };
}

export type Knot = "none" | "first" | "mid" | "last";

/** The bracket that joins adjacent rows with one digest. */
export function knots(images: readonly LocalImage[]): Knot[] {
  return images.map((image, index) => {
    const above = images[index - 1]?.digest === image.digest;
    const below = images[index + 1]?.digest === image.digest;
    return above ? (below ? "mid" : "last") : below ? "first" : "none";
  });
}

/** A row is known by its name, or by its digest where it has none. */
export const keyOf = (image: LocalImage): string => image.reference ?? image.digest;

/** What Enter opens and Delete removes. */
export const targetOf = (image: LocalImage): string => image.reference ?? `${image.registry}/${image.path}@${image.digest}`;

/** The next row whose name starts with what was typed, from the current one on. */
export function typedAhead(images: readonly LocalImage[], from: number, typed: string): number {
  const start = typed.length > 1 ? from : from + 1;
  for (let step = 0; step < images.length; step += 1) {
    const index = (start + step + images.length) % images.length;
    const image = images[index];
    if (image && (starts(image.familiar, typed) || starts(image.path.slice(image.path.lastIndexOf("/") + 1), typed))) return index;
  }
  return -1;
}
const starts = (text: string, typed: string) => text.toLowerCase().startsWith(typed.toLowerCase());

/** `amd64, arm64` and how many more; the operating system only where it is not Linux. */
export function platformWords(platforms: readonly string[]): { first: string; second: string; more: number } {
  const words = platforms.map((platform) => platform.replace(/^linux\//, ""));
  return { first: words[0] ?? "", second: words[1] ?? "", more: Math.max(0, words.length - 2) };
}
