/**
 * Which exchanges the diagram draws. A pull of thirty layers makes thirty like requests: the first ones tell the
 * story, the rest only push it off the screen. What failed, what is selected and what is live is never folded away.
 */
import type { ExchangeHead } from "../../ipc/bindings";
import { isBlob } from "./steps";

export type Step = { /** 1 is the first exchange of the view, folded ones counted */ number: number; head: ExchangeHead };
export type Folded = { steps: Step[]; hidden: number; total: number };

/** The config, then the first layer's redirect and the answer of the host that it leads to. */
const BLOBS_SHOWN = 3;
const LIVE_SHOWN = 2;
/** Hiding one step would take as much room as showing it. */
const LEAST_HIDDEN = 2;

export function fold(heads: readonly ExchangeHead[], selected: number | null, showAll: boolean): Folded {
  const steps = heads.map((head, index) => ({ number: index + 1, head }));
  const total = steps.length;
  if (showAll) return { steps, hidden: 0, total };

  let blobs = 0;
  let live = 0;
  const keep = new Set<number>();
  for (const { head } of steps) {
    if (!isBlob(head)) {
      keep.add(head.id);
      continue;
    }
    blobs += 1;
    if (blobs <= BLOBS_SHOWN || head.failed || head.id === selected) keep.add(head.id);
    else if (head.live && live < LIVE_SHOWN) keep.add(head.id);
    if (head.live) live += 1;
  }
  const hidden = total - keep.size;
  if (hidden < LEAST_HIDDEN) return { steps, hidden: 0, total };
  return { steps: steps.filter(({ head }) => keep.has(head.id)), hidden, total };
}
