// The tags of one repository. All of them stay on the host's side; the page holds the rows around what is on screen,
// asks for details of those alone, and drops the rest.

import { SvelteMap } from "svelte/reactivity";
import type { DescribedTags, Fault, RepositoryHead, TagQuery, TagRow, TagSort } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";

/** Rows that are asked for at once. */
const CHUNK = 128;
/** Chunks that are kept. */
const KEPT = 12;
/** Tags of one question for details. The host gives up on a question when it gets the next, so there is one at a time. */
const BATCH = 12;
/** Milliseconds without scrolling before details are asked for. */
const SETTLE = 120;
/** Milliseconds between two looks at a list that grows or whose order changes. */
const CALM = 250;

export type TagOrder = { sort: TagSort; descending: boolean };
export type TagView = TagOrder & { filter: string; grouped: boolean; platform: string | null };

/** Orders that only what is described can be put in. */
export const needsDetails = (view: Pick<TagView, "sort" | "grouped" | "platform">): boolean =>
  view.sort === "updated" || view.sort === "size" || view.sort === "digest" || view.grouped || view.platform !== null;

export class TagList {
  head = $state.raw<RepositoryHead | null>(null);
  /** Why there is no list at all; a list that broke off has the fault in its head. */
  fault = $state.raw<Fault | null>(null);
  view = $state.raw<TagView>({ filter: "", sort: "registry", descending: false, grouped: false, platform: null });
  matched = $state(0);
  /** Of the tags that the filter finds, whatever their platform: how many there are, and how many are described. */
  known = $state.raw({ found: 0, described: 0 });
  /** A window could not be read; what is shown was read before. */
  windowFault = $state.raw<Fault | null>(null);
  /** While the details of every tag are read: how many were. Null: not asked for. */
  reading = $state<number | null>(null);
  /** The row with the keyboard, kept while the page is left and come back to. */
  active = $state(0);

  readonly input: string;
  readonly #host: Host;
  readonly #chunks = new SvelteMap<number, TagRow[]>();
  #asked: number[] = [];
  #range = { from: 0, to: 0 };
  #generation = 0;
  /** Chunks of an older generation are on screen until the first newer one comes. */
  #stale = false;
  #queue: string[] = [];
  /** The tags that are asked about now, and which run of questions they belong to. */
  #asking: string[] = [];
  #run = 0;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #calming: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;

  constructor(host: Host, input: string) {
    this.#host = host;
    this.input = input;
  }

  get state(): "loading" | "fault" | "ready" {
    if (this.head !== null) return "ready";
    return this.fault === null ? "loading" : "fault";
  }

  /** The row, or null while it is fetched. */
  row(index: number): TagRow | null {
    return this.#chunks.get(Math.floor(index / CHUNK))?.[index % CHUNK] ?? null;
  }

  /** A row by its tag, among those that are loaded. */
  find(tag: string): TagRow | null {
    for (const rows of this.#chunks.values()) for (const row of rows) if (row.tag === tag) return row;
    return null;
  }

  /** Opens the repository, or asks again with the old rows still on screen. */
  async open(): Promise<void> {
    const turn = (this.#turn += 1);
    const before = this.head;
    try {
      const head = await this.#host.call("open_repository", { input: this.input });
      if (turn !== this.#turn) {
        this.#close(head.id);
        return;
      }
      if (before) this.#close(before.id);
      this.head = head;
      this.fault = null;
      this.#renew();
      await this.#host.watchRepository(head.id, (update) => {
        if (turn !== this.#turn) return;
        const grown = update.known !== this.head?.known;
        this.head = update;
        if (grown) this.#calmly();
      });
    } catch (thrown) {
      if (turn === this.#turn) this.fault = toFault(thrown);
    }
  }

  /** Nothing is asked any more; the host may forget the tags. */
  close(): void {
    this.#turn += 1;
    this.#queue = [];
    this.reading = null;
    clearTimeout(this.#settling);
    clearTimeout(this.#calming);
    if (this.head) this.#close(this.head.id);
  }

  change(part: Partial<TagView>): void {
    this.view = { ...this.view, ...part };
    this.active = 0;
    this.reading = null;
    this.#renew();
  }

  /** The rows on screen, spare ones included: `to` is the first below. */
  show(from: number, to: number): void {
    this.#range = { from, to };
    this.#fetch();
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#describeShown(), SETTLE);
  }

  /** Tags of rows `from` to `to`, the latter included, loaded or not. */
  async tagsBetween(from: number, to: number): Promise<string[]> {
    const rows: string[] = [];
    for (let at = from; at <= to; at += 1000) {
      const answer = await this.#host.call("query_tags", { query: this.#query(at, Math.min(1000, to - at + 1)) });
      rows.push(...answer.rows.map(({ tag }) => tag));
      if (answer.rows.length === 0) break;
    }
    return rows;
  }

  /**
   * The first row from `from` on whose tag starts with this, whatever its case; then from the top. Rows that are not here
   * are asked for, a thousand at a time; null where there is none, or they can't be had.
   */
  async startingWith(start: string, from: number): Promise<number | null> {
    const wanted = start.toLowerCase();
    const fits = (tag: string) => tag.toLowerCase().startsWith(wanted);
    const generation = this.#generation;
    const { matched } = this;
    for (let step = 0; step < matched; ) {
      const at = (from + step) % matched;
      const row = this.row(at);
      if (row !== null) {
        if (fits(row.tag)) return at;
        step += 1;
        continue;
      }
      const to = Math.min(matched, at + 1000, at + matched - step) - 1;
      const tags = await this.tagsBetween(at, to).catch(() => []);
      if (tags.length === 0 || generation !== this.#generation) return null;
      const found = tags.findIndex(fits);
      if (found >= 0) return at + found;
      step += tags.length;
    }
    return null;
  }

  /** Reads the details of every tag that the filter finds, so that the whole list can be put in order. */
  async readAll(): Promise<void> {
    const { head } = this;
    if (head === null || this.reading !== null) return;
    this.reading = 0;
    this.#run += 1;
    this.#asking = [];
    this.#queue = [];
    // The registry's own order does not change while details come.
    const query = { ...this.#query(0, 500), sort: "registry" as const, descending: false, grouped: false, platform: null };
    const goes = () => this.reading !== null && this.#isOpen(head.id);
    try {
      for (let from = 0; goes(); from += query.count) {
        const { rows } = await this.#host.call("query_tags", { query: { ...query, from } });
        if (rows.length === 0) break;
        const missing = rows.filter(isUnknown).map(({ tag }) => tag);
        for (let at = 0; at < missing.length && goes(); at += BATCH) {
          const tags = missing.slice(at, at + BATCH);
          this.#place(await this.#host.call("describe_tags", { id: head.id, tags }));
          this.reading += tags.length;
          this.#calmly();
        }
      }
    } catch (thrown) {
      this.windowFault = toFault(thrown);
    }
    this.reading = null;
    this.#calmly();
    this.#settle();
  }

  stopReading(): void {
    this.reading = null;
  }

  /** Asks again for a row whose details could not be had. */
  async describeAgain(tag: string): Promise<void> {
    if (this.head === null) return;
    try {
      this.#place(await this.#host.call("describe_tags", { id: this.head.id, tags: [tag] }));
      // What was asked about meanwhile was given up for it.
      this.#settle();
    } catch (thrown) {
      this.windowFault = toFault(thrown);
    }
  }

  #isOpen(id: number): boolean {
    return this.head?.id === id;
  }

  #query(from: number, count: number): TagQuery {
    return { id: this.head?.id ?? 0, ...this.view, from, count };
  }

  /** Another view or another list: every row is asked for again, those on screen first. */
  #renew(): void {
    this.#generation += 1;
    this.#stale = true;
    this.#asked = [];
    this.#queue = [];
    this.#fetch();
  }

  /** Renews now and then: a list that grows by the second must not be asked for by the frame. */
  #calmly(): void {
    this.#calming ??= setTimeout(() => {
      this.#calming = undefined;
      this.#renew();
    }, CALM);
  }

  #fetch(): void {
    if (this.head === null) return;
    const first = Math.max(0, Math.floor((this.#range.from - CHUNK / 2) / CHUNK));
    const last = Math.floor((this.#range.to + CHUNK / 2) / CHUNK);
    for (let chunk = first; chunk <= last; chunk += 1) {
      if (chunk > 0 && !this.#stale && chunk * CHUNK >= this.matched) break;
      if (this.#asked.includes(chunk)) continue;
      this.#asked.push(chunk);
      void this.#load(chunk);
    }
    const middle = (first + last) / 2;
    for (const chunk of [...this.#chunks.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle))) {
      if (this.#chunks.size <= KEPT) break;
      this.#chunks.delete(chunk);
      this.#asked = this.#asked.filter((asked) => asked !== chunk);
    }
  }

  async #load(chunk: number): Promise<void> {
    const generation = this.#generation;
    try {
      const answer = await this.#host.call("query_tags", { query: this.#query(chunk * CHUNK, CHUNK) });
      if (generation !== this.#generation) return;
      if (this.#stale) {
        this.#stale = false;
        // What is on screen is replaced row by row as it comes; what is far away is forgotten.
        for (const key of this.#chunks.keys()) if (!this.#asked.includes(key)) this.#chunks.delete(key);
        await this.#count(answer, generation);
        if (generation !== this.#generation) return;
      }
      this.#chunks.set(chunk, answer.rows);
      this.windowFault = null;
      this.#settle();
    } catch (thrown) {
      if (generation !== this.#generation) return;
      this.#asked = this.#asked.filter((asked) => asked !== chunk);
      this.windowFault = toFault(thrown);
    }
  }

  async #count(answer: { matched: number; described: number }, generation: number): Promise<void> {
    this.matched = answer.matched;
    this.known = { found: answer.matched, described: answer.described };
    if (this.view.platform === null) return;
    // A platform is known only of what is described, so the rest is counted apart.
    const all = await this.#host.call("query_tags", { query: { ...this.#query(0, 0), platform: null } });
    if (generation === this.#generation) this.known = { found: all.matched, described: all.described };
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#describeShown(), SETTLE);
  }

  /** Details for what is on screen, then for one screen on either side. What was scrolled past is forgotten. */
  #describeShown(): void {
    // Everything is read anyway, and two questions would stop one another.
    if (this.reading !== null) return;
    const { from, to } = this.#range;
    const screen = to - from;
    const order: string[] = [];
    const take = (first: number, end: number) => {
      for (let index = Math.max(0, first); index < Math.min(end, this.matched); index += 1) {
        const row = this.row(index);
        if (row && isUnknown(row)) order.push(row.tag);
      }
    };
    take(from, to);
    take(to, to + screen);
    take(from - screen, from);
    // What is asked about and still wanted is left to finish; what was scrolled past gives way at once.
    this.#queue = order.filter((tag) => !this.#asking.includes(tag));
    const wanted = this.#asking.some((tag) => order.includes(tag));
    if (this.#queue.length > 0 && !wanted) void this.#describe();
  }

  async #describe(): Promise<void> {
    const run = (this.#run += 1);
    const { head } = this;
    while (run === this.#run && this.#queue.length > 0 && head !== null && this.#isOpen(head.id)) {
      const tags = this.#queue.splice(0, BATCH);
      this.#asking = tags;
      try {
        this.#place(await this.#host.call("describe_tags", { id: head.id, tags }));
        if (needsDetails(this.view)) this.#calmly();
      } catch (thrown) {
        // The rows stay without details, and the page says why.
        if (run === this.#run && this.#isOpen(head.id)) this.windowFault = toFault(thrown);
        this.#queue = [];
      }
    }
    if (run === this.#run) this.#asking = [];
  }

  /** Puts details into the rows that are loaded, and says what asking for them left. */
  #place({ rows: described, rateLimit }: DescribedTags): void {
    if (this.head !== null) this.head = { ...this.head, rateLimit };
    let fresh = 0;
    for (const [chunk, rows] of this.#chunks) {
      if (!rows.some(({ tag }) => described.some((row) => row.tag === tag))) continue;
      this.#chunks.set(
        chunk,
        rows.map((row) => {
          const found = described.find(({ tag }) => tag === row.tag);
          if (found && row.digest === null && found.digest !== null) fresh += 1;
          return found ?? row;
        }),
      );
    }
    if (fresh > 0) this.known = { ...this.known, described: Math.min(this.known.found, this.known.described + fresh) };
  }

  #close(id: number): void {
    void this.#host.call("close_repository", { id }).catch(() => undefined);
  }
}

/** Details were not asked for yet. */
const isUnknown = (row: TagRow): boolean => row.digest === null && row.fault === null;
