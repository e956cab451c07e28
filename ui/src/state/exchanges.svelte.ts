// What went over the wire: heads of exchanges, as they begin, move and end. Bodies load on demand.

import type { ExchangeHead } from "../ipc/bindings";
import type { Host } from "../ipc/host";
import { mergeBy } from "../lib/merge";

/** Older exchanges leave the page; the host still has them. */
const KEPT = 2000;

export class Exchanges {
  /** In order of id, oldest first. */
  list = $state.raw<ExchangeHead[]>([]);
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  get latest(): ExchangeHead | null {
    return this.list.at(-1) ?? null;
  }

  ofJob(id: number): ExchangeHead[] {
    return this.list.filter((head) => head.job === id);
  }

  watch(): void {
    this.#host.watchExchanges((heads) => this.apply(heads));
  }

  apply(heads: ExchangeHead[]): void {
    this.list = mergeBy(this.list, heads, (head) => head.id)
      .sort((a, b) => a.id - b.id)
      .slice(-KEPT);
  }
}
