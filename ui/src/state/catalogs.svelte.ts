// What registries say they hold, asked for when a person wants to see it, a page at a time.

import { SvelteSet } from "svelte/reactivity";
import type { Fault } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";
import { distinct } from "../lib/merge";
import { Kept } from "./cache";

export class Catalog {
  /** Paths, in the order of the registry. */
  names = $state.raw<string[]>([]);
  /** The paging went in circles: there may be more. */
  partial = $state(false);
  fault = $state.raw<Fault | null>(null);
  busy = $state(false);
  loaded = $state(false);
  /** Whether its rows are shown. */
  open = $state(false);
  /** Namespaces that are unfolded, `team/tools`. */
  readonly unfolded = new SvelteSet<string>();

  readonly #host: Host;
  readonly #registry: string;
  #next: string | null = null;

  constructor(host: Host, registry: string) {
    this.#host = host;
    this.#registry = registry;
  }

  get more(): boolean {
    return this.#next !== null;
  }

  toggle(): void {
    this.open = !this.open;
    if (this.open && !this.loaded && !this.busy) void this.load();
  }

  /** The first page, or the next one. */
  async load(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.fault = null;
    try {
      const page = await this.#host.call("list_catalog", { host: this.#registry, after: this.#next });
      this.names = distinct(this.names, page.repositories);
      this.#next = page.next;
      this.partial ||= page.partial;
      this.loaded = true;
    } catch (thrown) {
      this.fault = toFault(thrown);
    }
    this.busy = false;
  }

  /** From the first page on, with the rows still shown. */
  async again(): Promise<void> {
    this.#next = null;
    this.names = [];
    this.partial = false;
    await this.load();
  }
}

export class Catalogs {
  readonly #host: Host;
  readonly #known = new Kept<Catalog>(Infinity);

  constructor(host: Host) {
    this.#host = host;
  }

  of(registry: string): Catalog {
    return this.#known.get(registry, () => new Catalog(this.#host, registry));
  }

  /** Asks those again that were looked at: a push may have made a repository. */
  refresh(): void {
    for (const catalog of this.#known.all) if (catalog.open && catalog.loaded) void catalog.again();
  }
}
