// Transfers that could not even start: there is no job to show, so what was wrong is kept here. Each stays until it is
// cleared or starts after all; the Transfers page lists them, wherever the user was when the answer came.

import type { Fault, PullRequest } from "../ipc/bindings";

/** What was asked for, so that it can be asked again. */
export type Asking =
  | { verb: "pull"; request: PullRequest }
  /** `source` and `destination` are references. */
  | { verb: "push" | "copy"; source: string; destination: string };

export type Refusal = { id: number; asked: Asking; /** the reference that it is about */ subject: string; fault: Fault };

/** Older ones go: a list of hundreds of tags may be refused one by one. */
const KEPT = 20;

export class Refusals {
  /** Newest first. */
  all = $state.raw<readonly Refusal[]>([]);
  #next = 1;

  /** Keeps one. Of two with the same verb and subject, the newer fault counts. */
  keep(asked: Asking, fault: Fault): Refusal {
    const subject = subjectOf(asked);
    const known = this.all.find((each) => each.subject === subject && each.asked.verb === asked.verb);
    const refusal = { id: known?.id ?? this.#next++, asked, subject, fault };
    this.all = [refusal, ...this.all.filter((each) => each !== known)].slice(0, KEPT);
    return refusal;
  }

  clear(id: number): void {
    this.all = this.all.filter((each) => each.id !== id);
  }

  /** It starts after all. */
  started(verb: Asking["verb"], subject: string): void {
    this.all = this.all.filter((each) => each.subject !== subject || each.asked.verb !== verb);
  }
}

const DONE = { pull: "pulled", push: "pushed", copy: "copied" } as const;

/** `team/app:1 was not pulled` */
export function refusalTitle({ asked, subject }: Refusal): string {
  return `${subject} was not ${DONE[asked.verb]}`;
}

function subjectOf(asked: Asking): string {
  return asked.verb === "pull" ? asked.request.input : asked.destination;
}
