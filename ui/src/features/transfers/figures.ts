/** Numbers of a transfer in words: what moves, how fast, how long, and what a screen reader is told. */
import type { JobHead } from "../../ipc/bindings";

const UNITS: [unit: string, bytes: number][] = [
  ["GB", 1e9],
  ["MB", 1e6],
  ["kB", 1e3],
  ["B", 1],
];

const inUnit = (bytes: number, size: number) => {
  const value = bytes / size;
  return size === 1 || value >= 100 ? value.toFixed(0) : value.toFixed(1);
};
const unitOf = (bytes: number): [unit: string, bytes: number] =>
  // 999 950 B would round to "1000.0 kB".
  UNITS.find(([, size]) => bytes >= size * 0.99995 && bytes >= 1) ?? ["B", 1];

/** Two amounts in the unit of the larger, so that they can be compared: `["12.3", "41.4 MB"]`. */
export function pair(done: number, total: number): [done: string, total: string] {
  const [unit, size] = unitOf(Math.max(done, total));
  return [inUnit(done, size), `${inUnit(total, size)} ${unit}`];
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

/** An estimate, as coarse as it is uncertain: `about 3 s left`, `about 40 s left`, `about 2 min left`. */
export function timeLeft(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "";
  if (seconds < 1) return "less than a second left";
  if (seconds < 10) return `about ${Math.round(seconds)} s left`;
  if (seconds < 55) return `about ${5 * Math.round(seconds / 5)} s left`;
  if (seconds < 90 * 60) return `about ${Math.max(1, Math.round(seconds / 60))} min left`;
  return `about ${Math.round(seconds / 3600)} h left`;
}

/** Speed and estimate; empty in the first two seconds, when both would be guesses. */
export function paceLine(job: Pick<JobHead, "state" | "rate" | "eta" | "elapsed">): string {
  if (job.state !== "running" || job.elapsed < 2_000) return "";
  const [unit, size] = unitOf(job.rate);
  const speed = job.rate > 0 ? `${inUnit(job.rate, size)} ${unit}/s` : "Nothing arrives";
  const left = timeLeft(job.eta);
  return left === "" ? speed : `${speed}, ${left}`;
}

/** `6.1 s`, `48 s`, `3 min 20 s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}

/** What has been told so far: -1 nothing, 0 the start, 1 to 3 the quarters, 4 the end. */
export type Told = -1 | 0 | 1 | 2 | 3 | 4;

/** What to tell a screen reader now, if anything: the start, each quarter, the end. */
export function announcement(job: JobHead, told: Told): { told: Told; text: string } | null {
  if (told === 4) return null;
  const name = job.title;
  switch (job.state) {
    case "done":
      return { told: 4, text: `Pulled ${name} in ${duration(job.elapsed)}` };
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
      return { told: 0, text: `Pulling ${name}, ${pair(0, figures(job).toMove)[1]} to fetch` };
    }
  }
}
