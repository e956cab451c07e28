// The planner: where something would go, and what that would do. It asks before any byte moves, and it asks again
// whenever the answer could be another one. Of several questions under way, the newest answer counts.

import type { Fault, Origin, PushPlan, PushRequest } from "../../ipc/bindings";
import { toFault } from "../../ipc/host";
import type { App } from "../../state/app.svelte";
import { confirmation } from "./plan";
import { withoutTag } from "../../lib/segments";
import { Naming } from "../reference/naming.svelte";
import { tagOf } from "./targets";

/** What became of one request's plan. */
export type Planned = { request: PushRequest; plan: PushPlan | null; fault: Fault | null };

export type PlannerOptions = {
  /** canonical references; several are tags that each keep their own name */
  sources: readonly string[];
  from: Origin;
  destination: string;
  /** milliseconds without a key before the registry is asked */
  patience?: number;
};

export class Planner {
  readonly sources: readonly string[];
  readonly from: Origin;
  /** Where it goes. */
  readonly naming: Naming;
  /** Every tag of the repository, each under its own name. */
  allTags = $state(false);
  /** Empty: all that are there. */
  platforms = $state.raw<readonly string[]>([]);
  /** The newest answers; they stay while newer ones are awaited. */
  planned = $state.raw<readonly Planned[]>([]);
  planning = $state(false);
  /** What a move or a loss was confirmed for: another plan has to be confirmed anew. */
  #confirmed = $state.raw<string | null>(null);

  readonly #app: App;
  readonly #patience: number;
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(app: App, { sources, from, destination, patience = 350 }: PlannerOptions) {
    this.#app = app;
    this.sources = sources;
    this.from = from;
    this.#patience = patience;
    this.naming = new Naming(app, "");
    if (destination !== "") void this.#set(destination, 0);
  }

  /** False where each tag keeps its own name: then a destination is a repository. */
  get tagged(): boolean {
    return this.sources.length === 1 && !this.allTags;
  }
  get destination(): string {
    return this.naming.text;
  }
  /** Why what is typed is no destination, though it is a reference. */
  get objection(): string | null {
    const breakdown = this.naming.current?.breakdown;
    if (breakdown == null) return null;
    if (breakdown.digest !== null) return "A push goes to a tag: the registry computes the digest from what it gets";
    return null;
  }
  /** The tag is typed, but each tag keeps its own name. */
  get tagUnused(): boolean {
    const breakdown = this.naming.current?.breakdown;
    return !this.tagged && breakdown != null && !breakdown.implied.includes("tag") && breakdown.tag !== null;
  }

  /** One for each source; empty while there is no destination. */
  get requests(): PushRequest[] {
    const breakdown = this.naming.current?.breakdown;
    if (breakdown == null || this.objection !== null || this.naming.unfinished) return [];
    const typed = this.destination.trim();
    const platforms = [...this.platforms];
    return this.sources.map((input) => ({
      input: this.allTags ? withoutTag(input) : input,
      from: this.from,
      destination: this.tagged ? typed : this.allTags ? withoutTag(typed) : `${withoutTag(typed)}:${tagOf(input) ?? "latest"}`,
      platforms,
      allTags: this.allTags,
    }));
  }

  plans = $derived(this.planned.flatMap(({ plan }) => (plan === null ? [] : [plan])));
  fault = $derived(this.planned.find(({ fault }) => fault !== null)?.fault ?? null);
  /** Every plan is there, of what is typed now. */
  get ready(): boolean {
    return !this.planning && this.planned.length > 0 && this.planned.length === this.sources.length && this.fault === null;
  }
  asked = $derived(confirmation(this.plans));
  get confirmed(): boolean {
    return this.asked === null || this.#confirmed === this.#subject;
  }
  set confirmed(yes: boolean) {
    this.#confirmed = yes ? this.#subject : null;
  }
  /** What exactly is agreed to: these tags, from these digests, to these. */
  get #subject(): string {
    return JSON.stringify(this.plans.map(({ destination, tags, lostPlatforms }) => [destination, tags, lostPlatforms]));
  }

  set(text: string): void {
    void this.#set(text, this.#patience);
  }
  /** A whole name was chosen: no more keys are awaited. */
  choose(text: string): void {
    void this.#set(text, 0);
  }
  setAllTags(all: boolean): void {
    this.allTags = all;
    this.#soon(0);
  }
  setPlatforms(platforms: readonly string[]): void {
    this.platforms = platforms;
    this.#soon(0);
  }
  /** Asks again for what is typed: after a sign-in, or at a press of a button. */
  again(): void {
    this.#soon(0);
  }
  /** Answers that are still awaited are dropped. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.naming.stop();
  }

  async #set(text: string, wait: number): Promise<void> {
    // What was planned for another name must not be pushed under this one.
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.planning = text.trim() !== "";
    if (!(await this.naming.set(text))) return;
    const { fault } = this.naming;
    if (fault === null) {
      this.#soon(wait);
      return;
    }
    const request = { input: this.sources[0] ?? "", from: this.from, destination: text.trim(), platforms: [], allTags: this.allTags };
    this.planned = [{ request, plan: null, fault }];
    this.planning = false;
  }

  #soon(wait: number): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
    const requests = this.requests;
    if (requests.length === 0) {
      this.planning = false;
      this.planned = [];
      return;
    }
    this.planning = true;
    const turn = this.#turn;
    this.#timer = setTimeout(() => void this.#plan(requests, turn), wait);
  }

  async #plan(requests: PushRequest[], turn: number): Promise<void> {
    const planned: Planned[] = [];
    for (const request of requests) {
      let plan: PushPlan | null = null;
      let fault: Fault | null = null;
      try {
        plan = await this.#app.host.call("plan_push", { request });
      } catch (thrown) {
        fault = toFault(thrown);
      }
      if (turn !== this.#turn) return;
      planned.push({ request, plan, fault });
      // One answer covers the old ones at once; of several, each shows as it comes.
      this.planned = [...planned];
      // What fails for one name of a registry is asked for no other.
      if (fault !== null) break;
    }
    this.planning = false;
  }
}
