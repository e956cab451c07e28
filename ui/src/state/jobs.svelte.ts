// Transfers, live. Every job that the host knows is watched from here, so that a page can come and
// go, and a reloaded window finds its transfers again.

import { SvelteMap } from "svelte/reactivity";
import type { Fault, JobHead, JobOutcome, JobUpdate, PullRequest, PushRequest, TransferRow } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";
import { mergeBy } from "../lib/merge";

/** One job. `rows` keep the order in which the host first named them. */
export class Job {
  head: JobHead;
  rows = $state.raw<TransferRow[]>([]);
  /** As the Docker client prints it. */
  lines = $state.raw<string[]>([]);
  outcome = $state.raw<JobOutcome | null>(null);

  constructor(head: JobHead) {
    this.head = $state.raw(head);
  }

  get active(): boolean {
    return isActive(this.head);
  }

  /** Part of the way, 0 to 1: skipped bytes count as done. */
  get progress(): number {
    if (this.head.state === "done") return 1;
    return this.head.total > 0 ? Math.min(1, (this.head.skipped + this.head.arrived) / this.head.total) : 0;
  }

  apply(update: JobUpdate): void {
    this.head = update.job;
    if (update.rows.length > 0) this.rows = mergeBy(this.rows, update.rows, (row) => row.digest);
    if (update.lines.length > 0) this.lines = update.lines;
  }
}

export function isActive(head: JobHead): boolean {
  return head.state === "queued" || head.state === "resolving" || head.state === "running" || head.state === "paused";
}

export type JobListener = {
  /** Told once for every job that ends while this page watches it. */
  settled: (job: Job, outcome: JobOutcome) => void;
  /** Told at 25, 50 and 75 percent, so that progress can be spoken without chatter. */
  quarter: (job: Job, percent: number) => void;
};

export class Jobs {
  readonly #host: Host;
  readonly #jobs = new SvelteMap<number, Job>();
  readonly #listener: JobListener;

  constructor(host: Host, listener: JobListener) {
    this.#host = host;
    this.#listener = listener;
  }

  /** Newest first. */
  get all(): Job[] {
    return [...this.#jobs.values()].sort((a, b) => b.head.id - a.head.id);
  }
  get active(): Job[] {
    return this.all.filter((job) => job.active);
  }
  get failed(): Job[] {
    return this.all.filter((job) => job.head.state === "failed");
  }
  /** Of all that is active, by bytes; null where nothing is. */
  get progress(): number | null {
    const active = this.active;
    if (active.length === 0) return null;
    const total = active.reduce((sum, job) => sum + job.head.total, 0);
    const done = active.reduce((sum, job) => sum + job.head.skipped + job.head.arrived, 0);
    return total > 0 ? Math.min(1, done / total) : 0;
  }

  get(id: number): Job | null {
    return this.#jobs.get(id) ?? null;
  }

  /** The active pull of a reference, so that a second click finds it instead of starting another. */
  activeFor(reference: string): Job | null {
    return this.active.find((job) => job.head.verb === "pull" && job.head.reference === reference) ?? null;
  }

  async load(): Promise<void> {
    for (const head of await this.#host.call("list_jobs", {})) this.#follow(head, isActive(head));
  }

  /** Starts a pull and watches it. Rejects with a `Fault` where it can't even start. */
  async pull(request: PullRequest): Promise<number> {
    return this.#begin(await this.#host.call("start_pull", { request }));
  }
  /** Starts a push or a copy, and watches it. */
  async push(request: PushRequest): Promise<number> {
    return this.#begin(await this.#host.call("start_push", { request }));
  }

  /** Watches a job that another command has started. */
  begun(id: number): Promise<number> {
    return this.#begin(id);
  }

  async #begin(id: number): Promise<number> {
    if (!this.#jobs.has(id)) {
      const head = (await this.#host.call("list_jobs", {})).find((job) => job.id === id);
      // A small transfer is over before the list is here: its end is still news.
      if (head) this.#follow(head, true);
    }
    return id;
  }

  async pause(id: number): Promise<void> {
    await this.#host.call("pause_job", { id });
  }
  async resume(id: number): Promise<void> {
    await this.#host.call("resume_job", { id });
    // A watch ends with the job; one that failed or was paused across a restart is watched again.
    const job = this.#jobs.get(id);
    if (job?.outcome) {
      job.outcome = null;
      void this.#watch(job, true);
    }
  }
  async cancel(id: number): Promise<void> {
    await this.#host.call("cancel_job", { id });
  }
  async dismiss(id: number): Promise<void> {
    await this.#host.call("dismiss_job", { id });
    this.#jobs.delete(id);
  }

  /** `news`: the end is told, also where it has come already. */
  #follow(head: JobHead, news: boolean): void {
    const known = this.#jobs.get(head.id);
    if (known) {
      known.head = head;
      return;
    }
    const job = new Job(head);
    this.#jobs.set(head.id, job);
    void this.#watch(job, news);
  }

  async #watch(job: Job, news: boolean): Promise<void> {
    let outcome: JobOutcome;
    try {
      outcome = await this.#host.watchJob(job.head.id, (update) => {
        const before = Math.floor(job.progress * 4);
        job.apply(update);
        const after = Math.floor(job.progress * 4);
        if (after > before && after < 4 && job.active) this.#listener.quarter(job, after * 25);
      });
    } catch (thrown) {
      outcome = { state: "failed", digest: null, upToDate: false, fault: toFault(thrown) satisfies Fault };
    }
    job.outcome = outcome;
    // The promise is the truth about the end; a last update may have been coalesced away.
    job.head = { ...job.head, state: outcome.state, digest: outcome.digest ?? job.head.digest, fault: outcome.fault };
    if (news) this.#listener.settled(job, outcome);
  }
}
