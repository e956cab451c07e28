/** The order of installed packages. Pure. */
import type { Package } from "../../../ipc/bindings";

export type PackageOrder = { by: "name" | "version" | "size"; descending: boolean };

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** Names and versions as a person counts; packages of unknown size last, whichever the order. */
export function sortPackages(packages: readonly Package[], order: PackageOrder): Package[] {
  const turned = order.descending ? -1 : 1;
  return [...packages].sort((a, b) => {
    if (order.by === "size") {
      if (a.size === null || b.size === null) return Number(a.size === null) - Number(b.size === null) || COLLATOR.compare(a.name, b.name);
      return turned * (a.size - b.size) || COLLATOR.compare(a.name, b.name);
    }
    return turned * COLLATOR.compare(a[order.by], b[order.by]) || COLLATOR.compare(a.name, b.name);
  });
}
