// The sheet that writes images to a file: what an archive of each would have, and how it is written.

import type { Fault, SaveFormat, SavePlan, SaveSource, Squeeze } from "../../ipc/bindings";
import { toFault } from "../../ipc/host";
import type { App } from "../../state/app.svelte";
import { archiveBytes, type Way } from "./saveWords";

export class Saving {
  readonly sources: readonly SaveSource[];
  readonly #app: App;
  way = $state<Way>("save");
  format = $state<SaveFormat>("hybrid");
  compression = $state<Squeeze>("none");
  /** null: all that are there (save), the default one (export) */
  platform = $state<string | null>(null);
  /** One for each source, in their order; while platforms change the old ones stay. */
  plans = $state.raw<readonly SavePlan[]>([]);
  planning = $state(true);
  fault = $state.raw<{ fault: Fault; subject: string } | null>(null);
  #turn = 0;

  constructor(app: App, sources: readonly SaveSource[]) {
    this.#app = app;
    this.sources = sources;
    this.platform = sources.length === 1 ? (sources[0]?.platform ?? null) : null;
    void this.plan();
  }

  get many(): boolean {
    return this.sources.length > 1;
  }
  get first(): SavePlan | null {
    return this.plans[0] ?? null;
  }
  /** Every platform that the image has here, from the plan that left none out. */
  platforms = $state.raw<readonly string[]>([]);

  get bytes(): number {
    return archiveBytes(this.plans);
  }
  get digestPreserved(): boolean {
    return this.plans.every(({ digestPreserved }) => digestPreserved);
  }
  /** Why, by the first that answers the question. */
  get digestNote(): string {
    return (this.plans.find(({ digestPreserved }) => !digestPreserved) ?? this.plans[0])?.digestNote ?? "";
  }

  choosePlatform(platform: string | null): void {
    this.platform = platform;
    void this.plan();
  }

  async plan(): Promise<void> {
    const turn = (this.#turn += 1);
    this.planning = true;
    this.fault = null;
    const plans: SavePlan[] = [];
    for (const source of this.sources) {
      try {
        plans.push(await this.#app.host.call("plan_save", { source: this.#with(source) }));
      } catch (thrown) {
        if (turn === this.#turn) {
          this.fault = { fault: toFault(thrown), subject: source.input };
          this.planning = false;
        }
        return;
      }
      if (turn !== this.#turn) return;
    }
    this.plans = plans;
    if (!this.many && this.platform === null) this.platforms = plans[0]?.platforms ?? [];
    this.planning = false;
  }

  get reason(): string | null {
    if (this.fault !== null) return "The image could not be read";
    return this.planning || this.plans.length === 0 ? "Reading the image" : null;
  }

  /** null where the system's dialog was closed without a name. */
  start(): Promise<number | null> {
    const sources = this.sources.map((source) => this.#with(source));
    const [only] = sources;
    if (this.way === "export" && only) return this.#app.host.call("start_export", { request: { image: only, compression: this.compression } });
    return this.#app.host.call("start_save", { request: { images: sources, format: this.format, compression: this.format === "folder" ? "none" : this.compression } });
  }

  #with(source: SaveSource): SaveSource {
    return this.many ? source : { ...source, platform: this.platform };
  }
}
