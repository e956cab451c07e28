import { Read } from "./reads.svelte";

/** Reads by key, the oldest dropped: going back to a page finds it as it was. */
export class ReadCache<T> {
  readonly #reads = new Map<string, Read<T>>();
  readonly #most: number;

  constructor(most = 24) {
    this.#most = most;
  }

  get(key: string, load: () => Promise<T>): Read<T> {
    const known = this.#reads.get(key);
    if (known) {
      this.#reads.delete(key);
      this.#reads.set(key, known);
      return known;
    }
    const read = new Read(load);
    this.#reads.set(key, read);
    for (const oldest of this.#reads.keys()) {
      if (this.#reads.size <= this.#most) break;
      this.#reads.delete(oldest);
    }
    return read;
  }

  /** Forgets everything but `key`, which is on screen and asks again with its old value still there. */
  refreshOnly(key: string | null): void {
    const kept = key === null ? undefined : this.#reads.get(key);
    this.#reads.clear();
    if (key === null || !kept) return;
    this.#reads.set(key, kept);
    void kept.refresh();
  }
}
