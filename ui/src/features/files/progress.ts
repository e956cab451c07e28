/** How far several layers are together. Pure. */
import type { TreeProgress } from "../../ipc/bindings";

/** 0 to 1, by bytes; layers without any count as done. */
export function share(layers: readonly Pick<TreeProgress, "done" | "total">[]): number {
  const total = layers.reduce((sum, layer) => sum + layer.total, 0);
  return total === 0 ? 1 : Math.min(1, layers.reduce((sum, layer) => sum + Math.min(layer.done, layer.total), 0) / total);
}
