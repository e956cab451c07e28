// A pull that moves: waits, downloads three layers at a time, verifies, and prints what Docker prints.

import type { Fault, JobHead, JobOutcome, JobUpdate, PullRequest, TransferRow } from "../bindings";
import { shortDigest } from "../../lib/format";
import type { FakeLayer } from "./catalog";

export type FakeJob = { head: JobHead; rows: TransferRow[]; watchers: Set<(update: JobUpdate) => void>; outcome: JobOutcome | null; done: Promise<JobOutcome> };

type Plan = { title: string; reference: string; root: string; layers: FakeLayer[]; has: (digest: string) => boolean; fails: Fault | null };

const TICK = 50;

/** `speed` is bytes a second for the whole job; tests pass Infinity. */
export function runPull(id: number, request: PullRequest, plan: Plan, speed: number, landed: (layer: FakeLayer) => void, finished: (job: FakeJob) => void): FakeJob {
  const total = plan.layers.reduce((sum, { size }) => sum + size, 0);
  const rows = plan.layers.map(({ digest, size }): TransferRow => {
    const here = plan.has(digest);
    return { digest, kind: "layer", size, done: here ? size : 0, state: here ? "exists" : "waiting", note: null };
  });
  const skipped = rows.filter(({ state }) => state === "exists").reduce((sum, { size }) => sum + size, 0);
  const head: JobHead = {
    id,
    verb: "pull",
    title: plan.title,
    reference: plan.reference,
    source: null,
    platform: request.allPlatforms ? null : (request.platform ?? "linux/amd64"),
    state: "running",
    total,
    skipped,
    arrived: 0,
    rate: 0,
    eta: null,
    startedAt: new Date().toISOString(),
    elapsed: 0,
    command: `docker pull ${request.input}`,
    digest: null,
    fault: null,
  };
  let settle: (outcome: JobOutcome) => void = () => undefined;
  const done = new Promise<JobOutcome>((resolve) => (settle = resolve));
  const job: FakeJob = { head, rows, watchers: new Set(), outcome: null, done };

  const finish = (outcome: JobOutcome) => {
    clearInterval(timer);
    job.outcome = outcome;
    job.head = { ...job.head, state: outcome.state, digest: outcome.digest, fault: outcome.fault, rate: 0, eta: null };
    if (outcome.state === "failed") job.rows = job.rows.map((row) => (row.state === "moving" ? { ...row, state: "failed", note: "Stopped" } : row));
    tell(job);
    finished(job);
    settle(outcome);
  };

  const step = () => {
    if (job.head.state === "cancelled") {
      finish({ state: "cancelled", digest: null, upToDate: false, fault: null });
      return;
    }
    if (job.head.state === "paused") return;
    const moving = job.rows.filter(({ state }) => state === "moving" || state === "waiting" || state === "retrying").slice(0, 3);
    const share = (speed * TICK) / 1000 / Math.max(1, moving.length);
    job.rows = job.rows.map((row) => {
      if (row.state === "verifying") {
        const layer = plan.layers.find(({ digest }) => digest === row.digest);
        if (layer) landed(layer);
        return { ...row, state: "complete" };
      }
      if (!moving.includes(row)) return row;
      const at = Math.min(row.size, row.done + share);
      return { ...row, done: Math.round(at), state: at >= row.size ? "verifying" : "moving" };
    });
    const arrived = job.rows.filter(({ state }) => state !== "exists").reduce((sum, row) => sum + row.done, 0);
    const elapsed = job.head.elapsed + TICK;
    const perSecond = Number.isFinite(speed) ? speed : 0;
    const left = total - skipped - arrived;
    job.head = { ...job.head, arrived, elapsed, rate: perSecond, eta: elapsed > 2000 && perSecond > 0 ? left / perSecond : null };
    tell(job);
    if (plan.fails && arrived > total * 0.4) {
      finish({ state: "failed", digest: null, upToDate: false, fault: plan.fails });
      return;
    }
    if (job.rows.every(({ state }) => state === "exists" || state === "complete")) {
      finish({ state: "done", digest: plan.root, upToDate: skipped === total, fault: null });
    }
  };
  const timer = setInterval(step, TICK);
  return job;
}

export function update(job: FakeJob): JobUpdate {
  return { job: job.head, rows: job.rows, lines: linesOf(job) };
}

function tell(job: FakeJob): void {
  for (const watcher of job.watchers) watcher(update(job));
}

const PRINTED: Record<TransferRow["state"], string> = {
  preparing: "Preparing",
  waiting: "Waiting",
  exists: "Already exists",
  mounted: "Mounted",
  moving: "Downloading",
  retrying: "Retrying",
  verifying: "Verifying Checksum",
  complete: "Pull complete",
  paused: "Paused",
  failed: "Failed",
};

function linesOf(job: FakeJob): string[] {
  const tag = job.head.reference.split(":").at(-1) ?? "latest";
  const path = job.head.reference.split("/").slice(1).join("/").split(":")[0] ?? "";
  const lines = [`${tag}: Pulling from ${path}`];
  for (const row of job.rows) {
    const size = row.state === "moving" ? `  ${(row.done / 1e6).toFixed(1)}MB/${(row.size / 1e6).toFixed(1)}MB` : "";
    lines.push(`${shortDigest(row.digest)}: ${PRINTED[row.state]}${size}`);
  }
  if (job.head.digest) {
    lines.push(`Digest: ${job.head.digest}`);
    lines.push(`Status: ${job.outcome?.upToDate ? "Image is up to date" : "Downloaded newer image"} for ${job.head.reference}`);
    lines.push(job.head.reference);
  }
  return lines;
}
