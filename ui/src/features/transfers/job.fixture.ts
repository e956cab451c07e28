import type { JobHead, TransferRow } from "../../ipc/bindings";

/** A pull in the middle, changed as a test asks. */
export function job(change: Partial<JobHead> = {}): JobHead {
  return {
    id: 1,
    verb: "pull",
    title: "nginx:1.25",
    reference: "docker.io/library/nginx:1.25",
    source: null,
    engine: null,
    platform: "linux/amd64",
    state: "running",
    total: 70_500_000,
    skipped: 29_100_000,
    arrived: 12_300_000,
    rate: 11_800_000,
    eta: 3,
    wait: null,
    startedAt: "2026-11-23T20:00:00Z",
    elapsed: 4_000,
    command: "docker pull nginx:1.25",
    digest: null,
    fault: null,
    ...change,
  };
}

/** A push in the middle. */
export function push(change: Partial<JobHead> = {}): JobHead {
  return job({
    verb: "push",
    title: "ghcr.io/myteam/myapp:v2",
    reference: "ghcr.io/myteam/myapp:v2",
    source: "myapp:v2",
    platform: null,
    command: "docker tag myapp:v2 ghcr.io/myteam/myapp:v2 && docker push ghcr.io/myteam/myapp:v2",
    ...change,
  });
}

export const digestOf = (fill: string) => `sha256:${fill.repeat(64 / fill.length)}`;

export function row(change: Partial<TransferRow> = {}): TransferRow {
  return { digest: digestOf("8b"), kind: "layer", size: 41_400_000, done: 0, state: "waiting", note: null, retryAt: null, ...change };
}
