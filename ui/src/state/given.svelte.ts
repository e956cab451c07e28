// Files that were given to the window: dropped on it, opened with a button, or named on the command line. Each is
// looked at in turn; nothing of one is taken before its sheet was seen.

import type { FilesEvent, GivenFile } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";
import type { Dialogs } from "./dialogs.svelte";

export class GivenFiles {
  /** Names of what is dragged over the window; null while nothing is. */
  over = $state.raw<readonly string[] | null>(null);
  /** Which of the files that were given together is looked at, from 1. */
  at = $state(0);
  of = $state(0);
  readonly #host: Host;
  readonly #dialogs: Dialogs;
  #waiting: GivenFile[] = [];
  /** Drags of the window's own that are under way: these are on their way out. */
  #outward = 0;

  constructor(host: Host, dialogs: Dialogs) {
    this.#host = host;
    this.#dialogs = dialogs;
  }

  get left(): number {
    return this.of - this.at;
  }

  watch(): void {
    this.#host.watchFiles((event) => this.#happened(event));
  }

  /** Shows the system's dialog; what is chosen there is looked at as if it had been dropped. */
  async open(folder: boolean): Promise<void> {
    try {
      this.give(await this.#host.call("open_files", { folder }));
    } catch (thrown) {
      void this.#dialogs.ask({ kind: "failed", fault: toFault(thrown), subject: "the file", verb: "open" });
    }
  }

  give(files: readonly GivenFile[]): void {
    if (files.length === 0) return;
    this.#waiting.push(...files);
    this.of += files.length;
    if (this.at === 0) void this.#look();
  }

  /** While the window's own drag goes on, what is over it is that; also for the moment in which the drop is told. */
  async outward<T>(drag: Promise<T>): Promise<T> {
    this.#outward += 1;
    try {
      return await drag;
    } finally {
      setTimeout(() => (this.#outward -= 1), 500);
    }
  }

  /** What was given and not looked at yet is forgotten. */
  skipRest(): void {
    this.#waiting = [];
    this.of = this.at;
  }

  #happened(event: FilesEvent): void {
    if (event.kind !== "left" && this.#outward > 0) return;
    if (event.kind === "over") this.over = event.names;
    else {
      this.over = null;
      if (event.kind === "given") this.give(event.files);
    }
  }

  async #look(): Promise<void> {
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) {
      this.at += 1;
      await this.#dialogs.ask({ kind: "archive", file });
    }
    this.at = this.of = 0;
  }
}
