// A pull that moves: waits, downloads three layers at a time, verifies, and prints what Docker prints.

import type { Fault, PullRequest, TransferRow } from "../bindings";
import { shortDigest } from "../../lib/format";
import type { FakeLayer } from "./catalog";
import { runJob, type FakeJob } from "./job";

type Plan = { title: string; reference: string; root: string; layers: FakeLayer[]; has: (digest: string) => boolean; fails: Fault | null };

/** `speed` is bytes a second for the whole job; tests pass Infinity. */
export function runPull(id: number, request: PullRequest, plan: Plan, speed: number, landed: (layer: FakeLayer) => void, finished: (job: FakeJob) => void): FakeJob {
  const rows = plan.layers.map(({ digest, size }): TransferRow => {
    const here = plan.has(digest);
    return { digest, kind: "layer", size, done: here ? size : 0, state: here ? "exists" : "waiting", note: null, retryAt: null };
  });
  const start = {
    id,
    verb: "pull" as const,
    title: plan.title,
    reference: plan.reference,
    source: null,
    platform: request.allPlatforms ? null : (request.platform ?? "linux/amd64"),
    command: `docker pull ${request.input}`,
  };
  const land = (digest: string) => {
    const layer = plan.layers.find((each) => each.digest === digest);
    if (layer) landed(layer);
  };
  return runJob(start, rows, { speed, root: plan.root, fails: plan.fails, landed: land, finished, lines: linesOf });
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
