// Two trees file by file. The rows stay on the host's side; the page holds the pages around what is on screen.

import { SvelteMap } from "svelte/reactivity";
import type { DifferentFile, Fault, FileComparison, FileDifference, TextDiff } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";
import { ReadCache } from "./cache";
import type { Read } from "./reads.svelte";

const PAGE = 64;
const KEPT = 8;

export class FileDifferences {
  comparison = $state.raw<FileComparison | null>(null);
  fault = $state.raw<Fault | null>(null);
  only = $state.raw<FileDifference | null>(null);
  total = $state(0);
  busy = $state(false);

  readonly #host: Host;
  readonly #pages = new SvelteMap<number, DifferentFile[]>();
  readonly #texts = new ReadCache<TextDiff>(4);
  #asked: number[] = [];
  #range = { from: 0, to: 24 };
  #generation = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Compares two open trees. */
  async compare(a: number, b: number): Promise<void> {
    this.busy = true;
    try {
      this.comparison = await this.#host.call("compare_trees", { a, b });
      this.fault = null;
      await this.show(this.only);
    } catch (thrown) {
      this.fault = toFault(thrown);
    }
    this.busy = false;
  }

  row(index: number): DifferentFile | null {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE] ?? null;
  }

  /** Keeps one kind of difference, or all; the old rows stay until the new ones are there. */
  async show(only: FileDifference | null): Promise<void> {
    const { comparison } = this;
    if (comparison === null) return;
    const generation = (this.#generation += 1);
    this.only = only;
    try {
      const first = await this.#host.call("different_files", { comparison: comparison.id, only, offset: 0, limit: PAGE });
      if (generation !== this.#generation) return;
      this.#pages.clear();
      this.#pages.set(0, first.rows);
      this.#asked = [0];
      this.total = first.total;
      this.range(0, this.#range.to - this.#range.from);
    } catch (thrown) {
      if (generation === this.#generation) this.fault = toFault(thrown);
    }
  }

  /** The rows on screen: `to` is the first below. */
  range(from: number, to: number): void {
    this.#range = { from, to };
    const first = Math.floor(from / PAGE);
    const last = Math.floor(to / PAGE);
    for (let page = first; page <= last && page * PAGE < this.total; page += 1) {
      if (this.#asked.includes(page)) continue;
      this.#asked.push(page);
      void this.#load(page);
    }
    for (const page of [...this.#pages.keys()].sort((a, b) => Math.abs(b - first) - Math.abs(a - first))) {
      if (this.#pages.size <= KEPT) break;
      this.#pages.delete(page);
      this.#asked = this.#asked.filter((each) => each !== page);
    }
  }

  text(path: string): Read<TextDiff> {
    const comparison = this.comparison?.id ?? 0;
    return this.#texts.get(`${comparison} ${path}`, () => this.#host.call("text_diff", { comparison, path }));
  }

  async #load(page: number): Promise<void> {
    const generation = this.#generation;
    try {
      const { rows } = await this.#host.call("different_files", { comparison: this.comparison?.id ?? 0, only: this.only, offset: page * PAGE, limit: PAGE });
      if (generation === this.#generation) this.#pages.set(page, rows);
    } catch (thrown) {
      if (generation !== this.#generation) return;
      this.#asked = this.#asked.filter((each) => each !== page);
      this.fault = toFault(thrown);
    }
  }
}
