/** Numbers of a transfer in words: what moves, how fast and how long. */
import type { JobHead, TransferRow } from "../../ipc/bindings";
import { byteParts, bytes, plural, rate, remaining } from "../../lib/format";
import { inbound, writesFile } from "./words";

/** The figure of a transfer, in two sizes of type: `12.3` and `of 41.4 MB`. */
export function figure(arrived: number, toMove: number): { arrived: string; of: string } {
  const done = byteParts(arrived);
  const whole = byteParts(toMove);
  return {
    arrived: done.unit === whole.unit || arrived === 0 ? (arrived === 0 ? "0" : done.figure) : `${done.figure} ${done.unit}`,
    of: `of ${whole.figure} ${whole.unit}`,
  };
}

export type Figures = {
  /** bytes that this job has to fetch */
  toMove: number;
  /** bytes still to fetch */
  left: number;
  /** parts of the overall bar, percent */
  skippedPart: number;
  arrivedPart: number;
};

/** `total` counts every byte of the image, skipped ones too: they are part of the bar but not of the figure. */
export function figures(job: Pick<JobHead, "total" | "skipped" | "arrived">): Figures {
  const toMove = Math.max(0, job.total - job.skipped);
  const arrived = Math.min(job.arrived, toMove);
  const part = (bytes: number) => (job.total === 0 ? 0 : (100 * bytes) / job.total);
  return { toMove, left: toMove - arrived, skippedPart: part(job.skipped), arrivedPart: part(arrived) };
}

/** Speed and estimate; empty in the first two seconds, when both would be guesses. */
export function paceLine(job: Pick<JobHead, "verb" | "state" | "rate" | "eta" | "elapsed">): string {
  if (job.state !== "running" || job.elapsed < 2_000) return "";
  if (job.rate <= 0) return inbound(job.verb) ? "Nothing arrives" : "Nothing moves";
  return job.eta === null ? rate(job.rate) : `${rate(job.rate)}, ${remaining(job.eta)}`;
}

/** The sentence below "Pulled … in …". */
export function movedLine(job: Pick<JobHead, "verb" | "total" | "skipped" | "arrived">, upToDate: boolean): string {
  const { toMove } = figures(job);
  if (writesFile(job.verb)) return `${bytes(toMove)} written.`;
  const place = inbound(job.verb) ? "here" : "there";
  if (upToDate && toMove === 0) return `Nothing moved: every byte was ${place} already.`;
  if (job.skipped === 0) return `${bytes(toMove)} moved.`;
  if (toMove === 0) return `No layer moved: all ${bytes(job.skipped)} were ${place} already.`;
  return `${bytes(toMove)} moved, ${bytes(job.skipped)} skipped.`;
}

/** What became of the layers, for a push's last sentence: `2 layers pushed, 1 mounted, 3 there already`. */
export function layersLine(rows: readonly TransferRow[]): string {
  const layers = rows.filter(({ kind }) => kind === "layer");
  const of = (state: TransferRow["state"]) => layers.filter((row) => row.state === state).length;
  const [moved, mounted, exists] = [of("complete"), of("mounted"), of("exists")];
  const parts: string[] = [];
  if (moved > 0) parts.push(`${plural(moved, "layer")} sent`);
  if (mounted > 0) parts.push(parts.length === 0 ? `${plural(mounted, "layer")} mounted` : `${mounted} mounted`);
  if (exists > 0) parts.push(parts.length === 0 ? `${plural(exists, "layer")} there already` : `${exists} there already`);
  return parts.join(", ");
}
