/** Numbers of a transfer in words: what moves, how fast, how long, and what a screen reader is told. */
import type { JobHead } from "../../ipc/bindings";
import { byteParts, bytes, elapsed, rate, remaining } from "../../lib/format";

/** The figure of a pull, in two sizes of type: `12.3` and `of 41.4 MB`. */
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

/** How much of the job is done, 0 to 1: what the sidebar and a reader of the screen are told. */
export function progress(job: Pick<JobHead, "total" | "skipped" | "arrived" | "state">): number {
  if (job.state === "done") return 1;
  const { toMove, left } = figures(job);
  return toMove === 0 ? 0 : (toMove - left) / toMove;
}

/** Speed and estimate; empty in the first two seconds, when both would be guesses. */
export function paceLine(job: Pick<JobHead, "state" | "rate" | "eta" | "elapsed">): string {
  if (job.state !== "running" || job.elapsed < 2_000) return "";
  if (job.rate <= 0) return "Nothing arrives";
  return job.eta === null ? rate(job.rate) : `${rate(job.rate)}, ${remaining(job.eta)}`;
}

/** What has been told so far: -1 nothing, 0 the start, 1 to 3 the quarters, 4 the end. */
export type Told = -1 | 0 | 1 | 2 | 3 | 4;

/** What to tell a screen reader now, if anything: the start, each quarter, the end. */
export function announcement(job: JobHead, told: Told): { told: Told; text: string } | null {
  if (told === 4) return null;
  const name = job.title;
  switch (job.state) {
    case "done":
      return { told: 4, text: `Pulled ${name} in ${elapsed(job.elapsed)}` };
    case "failed":
      return { told: 4, text: `Pulling ${name} failed. ${job.fault?.message ?? ""}`.trim() };
    case "cancelled":
      return { told: 4, text: `Pulling ${name} was cancelled` };
    case "queued":
    case "resolving":
      return null;
    case "paused":
    case "running": {
      if (job.total === 0) return null;
      const quarter = Math.min(3, Math.floor(progress(job) * 4)) as Told;
      if (quarter <= told) return null;
      if (quarter > 0) return { told: quarter, text: `${quarter * 25} percent of ${name}` };
      return { told: 0, text: `Pulling ${name}, ${bytes(figures(job).toMove)} to fetch` };
    }
  }
}
