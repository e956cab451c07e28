/** One line of the list of other transfers. */
import type { JobHead } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";
import { bytes, elapsed } from "../../lib/format";
import { figures } from "./figures";
import { inbound, WORDS } from "./words";

export function otherLine(job: JobHead): { icon: IconName; words: string; bad: boolean } {
  const { toMove } = figures(job);
  const words = WORDS[job.verb];
  switch (job.state) {
    case "queued":
      return { icon: "clock", words: "Starts next", bad: false };
    case "resolving":
      return { icon: "search", words: "Reading the manifest", bad: false };
    case "running":
      return { icon: inbound(job.verb) ? "arrow-down" : "arrow-up", words: toMove === 0 ? words.doing : `${bytes(job.arrived)} of ${bytes(toMove)}`, bad: false };
    case "paused":
      return { icon: "pause", words: `Paused at ${bytes(job.arrived)} of ${bytes(toMove)}`, bad: false };
    case "done":
      return { icon: "check", words: `${words.done} ${bytes(toMove)} in ${elapsed(job.elapsed)}`, bad: false };
    case "failed":
      return { icon: "circle-x", words: "Failed", bad: true };
    case "cancelled":
      return { icon: "close", words: "Cancelled", bad: false };
  }
}
