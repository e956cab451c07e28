// A name that is typed and taken apart while it is. Of several answers under way, the newest counts.

import type { Explanation, Fault } from "../../ipc/bindings";
import { toFault } from "../../ipc/host";
import type { App } from "../../state/app.svelte";

export class Naming {
  text = $state("");
  explanation = $state.raw<Explanation | null>(null);
  /** Why it could not be taken apart: the field then stays as it is. */
  fault = $state.raw<Fault | null>(null);
  readonly #app: App;
  #turn = 0;

  constructor(app: App, text: string) {
    this.#app = app;
    void this.set(text);
  }

  /** What is said of exactly what is typed; null while Rust is asked. */
  get current(): Explanation | null {
    return this.explanation?.input === this.text.trim() ? this.explanation : null;
  }
  get canonical(): string | null {
    return this.problem === null && !this.unfinished ? (this.current?.breakdown?.canonical ?? null) : null;
  }
  /** It ends in punctuation: more is to come, and nothing is wrong yet. */
  get unfinished(): boolean {
    return /[/:@]$/.test(this.text.trim());
  }
  /** Why what is typed is no name to give. */
  get problem(): string | null {
    const said = this.current;
    if (said === null || this.text.trim() === "" || this.unfinished) return null;
    if (said.problem !== null) return said.problem.hint === null ? said.problem.message : `${said.problem.message}. ${said.problem.hint}`;
    return said.breakdown !== null && said.breakdown.digest !== null ? "A digest is computed, not given: a name ends with a tag" : null;
  }

  /** Whether the answer counts: false where something else was typed meanwhile. */
  async set(text: string): Promise<boolean> {
    this.text = text;
    this.fault = null;
    const turn = (this.#turn += 1);
    const input = text.trim();
    if (input === "") {
      this.explanation = null;
      return true;
    }
    try {
      const said = await this.#app.host.call("explain_reference", { input });
      if (turn === this.#turn) this.explanation = said;
    } catch (thrown) {
      if (turn === this.#turn) this.fault = toFault(thrown);
    }
    return turn === this.#turn;
  }
  /** An answer that is still awaited is dropped. */
  stop(): void {
    this.#turn += 1;
  }
}
