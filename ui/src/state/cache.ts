import { Read } from "./reads.svelte";

/** Things by key, of which those used longest ago are let go. */
export class Kept<T> {
  readonly #known = new Map<string, T>();
  readonly #most: number;
  readonly #dropped: (thing: T) => void;

  constructor(most: number, dropped: (thing: T) => void = () => undefined) {
    this.#most = most;
    this.#dropped = dropped;
  }

  get(key: string, make: () => T): T {
    const known = this.#known.get(key) ?? make();
    this.#known.delete(key);
    this.#known.set(key, known);
    for (const [oldest, thing] of this.#known) {
      if (this.#known.size <= this.#most) break;
      this.#known.delete(oldest);
      this.#dropped(thing);
    }
    return known;
  }

  known(key: string): T | null {
    return this.#known.get(key) ?? null;
  }

  get all(): T[] {
    return [...this.#known.values()];
  }
}

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
