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

  /** Asks again for everything that is kept. */
  refresh(): void {
    for (const read of this.#reads.values()) void read.refresh();
  }
}
