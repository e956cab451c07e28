// A transfer that moves: three blobs at a time, at so many bytes a second. What it prints is its maker's.

import type { Fault, JobHead, JobOutcome, JobUpdate, RowState, TransferRow } from "../bindings";

export type FakeJob = { head: JobHead; rows: TransferRow[]; watchers: Set<(update: JobUpdate) => void>; outcome: JobOutcome | null; done: Promise<JobOutcome>; lines: (job: FakeJob) => string[] };

export type FakeMoves = {
  /** bytes a second for the whole job; tests pass Infinity */
  speed: number;
  /** the digest of the root when it is done */
  root: string;
  /** Fails when two fifths have moved. */
  fails: Fault | null;
  landed: (digest: string) => void;
  finished: (job: FakeJob) => void;
  lines: (job: FakeJob) => string[];
};

const TICK = 50;
const SETTLED: readonly RowState[] = ["exists", "mounted", "complete"];
const MOVABLE: readonly RowState[] = ["moving", "waiting", "retrying"];
const sum = (rows: readonly TransferRow[], of: (row: TransferRow) => number) => rows.reduce((total, row) => total + of(row), 0);

export function runJob(start: Pick<JobHead, "id" | "verb" | "title" | "reference" | "source" | "platform" | "command"> & Partial<Pick<JobHead, "engine">>, rows: TransferRow[], moves: FakeMoves): FakeJob {
  const total = sum(rows, ({ size }) => size);
  const skipped = sum(rows, ({ state, size }) => (SETTLED.includes(state) ? size : 0));
  const head: JobHead = { engine: null, ...start, state: "running", total, skipped, arrived: 0, rate: 0, eta: null, wait: null, startedAt: new Date().toISOString(), elapsed: 0, digest: null, fault: null };
  let settle: (outcome: JobOutcome) => void = () => undefined;
  const done = new Promise<JobOutcome>((resolve) => (settle = resolve));
  const job: FakeJob = { head, rows, watchers: new Set(), outcome: null, done, lines: moves.lines };
  const skippedFirst = new Set(rows.filter(({ state }) => SETTLED.includes(state)).map(({ digest }) => digest));

  const finish = (outcome: JobOutcome) => {
    clearInterval(timer);
    job.outcome = outcome;
    job.head = { ...job.head, state: outcome.state, digest: outcome.digest, fault: outcome.fault, rate: 0, eta: null };
    if (outcome.state === "failed") job.rows = job.rows.map((row) => (row.state === "moving" ? { ...row, state: "failed", note: "Stopped" } : row));
    tell(job);
    moves.finished(job);
    settle(outcome);
  };

  const advance = (row: TransferRow, moving: readonly TransferRow[], share: number): TransferRow => {
    if (row.state === "verifying") {
      moves.landed(row.digest);
      return { ...row, state: "complete" };
    }
    if (!moving.includes(row)) return row;
    const at = Math.min(row.size, row.done + share);
    return { ...row, done: Math.round(at), state: at >= row.size ? "verifying" : "moving" };
  };

  const step = () => {
    if (job.head.state === "cancelled") {
      finish({ state: "cancelled", digest: null, upToDate: false, fault: null });
      return;
    }
    if (job.head.state === "paused") return;
    const moving = job.rows.filter(({ state }) => MOVABLE.includes(state)).slice(0, 3);
    const share = (moves.speed * TICK) / 1000 / Math.max(1, moving.length);
    job.rows = job.rows.map((row) => advance(row, moving, share));
    const arrived = sum(job.rows, (row) => (skippedFirst.has(row.digest) ? 0 : row.done));
    const elapsed = job.head.elapsed + TICK;
    const perSecond = Number.isFinite(moves.speed) ? moves.speed : 0;
    const left = total - skipped - arrived;
    job.head = { ...job.head, arrived, elapsed, rate: perSecond, eta: elapsed > 2000 && perSecond > 0 ? left / perSecond : null };
    tell(job);
    if (moves.fails && arrived > total * 0.4) {
      finish({ state: "failed", digest: null, upToDate: false, fault: moves.fails });
      return;
    }
    if (job.rows.every(({ state }) => SETTLED.includes(state))) {
      finish({ state: "done", digest: moves.root, upToDate: skipped === total, fault: null });
    }
  };
  const timer = setInterval(step, TICK);
  return job;
}

export function update(job: FakeJob): JobUpdate {
  return { job: job.head, rows: job.rows, lines: job.lines(job) };
}

function tell(job: FakeJob): void {
  for (const watcher of job.watchers) watcher(update(job));
}
