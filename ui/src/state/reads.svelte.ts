// One question to the host, and what is known of its answer. A view draws `state`; a refresh keeps
// the old value on screen until the new one is there.

import type { Fault } from "../ipc/bindings";
import { toFault } from "../ipc/host";

export class Read<T> {
  value = $state.raw<T | null>(null);
  fault = $state.raw<Fault | null>(null);
  /** True while an answer is awaited, also with an old value on screen. */
  busy = $state(true);

  readonly #load: () => Promise<T>;
  #turn = 0;

  /** Asks at once. */
  constructor(load: () => Promise<T>) {
    this.#load = load;
    // `busy` starts true, so that nothing is written while a `$derived` creates this.
    void this.#ask();
  }

  get state(): "loading" | "fault" | "ready" {
    if (this.fault) return "fault";
    return this.value === null ? "loading" : "ready";
  }

  async refresh(): Promise<void> {
    this.busy = true;
    await this.#ask();
  }

  async #ask(): Promise<void> {
    const turn = (this.#turn += 1);
    let value: T | null = null;
    let fault: Fault | null = null;
    try {
      value = await this.#load();
    } catch (thrown) {
      fault = toFault(thrown);
    }
    // An older answer that comes late must not cover a newer one.
    if (turn !== this.#turn) return;
    if (fault === null) this.value = value;
    this.fault = fault;
    this.busy = false;
  }
}
