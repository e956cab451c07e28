// The rows of one view on a tree. All of them stay on the host's side; the page holds the few pages around what is on
// screen. While folders open and views change, the old rows stay until the new ones are there.

import { SvelteMap } from "svelte/reactivity";
import type { Fault, FileFilter, FileRow, FileScope, FileViewHead } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";

/** Rows of a page. */
export const PAGE = 64;
/** Pages that are kept. */
const KEPT = 8;
/** Folders that one key opens. */
const MOST_SIBLINGS = 200;
/** Rows that are looked through at once for a row's parent. */
const STRIDE = 512;

type Range = { from: number; to: number };
type State = { head: FileViewHead; active: number };

export class FileRowList {
  head = $state.raw<FileViewHead | null>(null);
  fault = $state.raw<Fault | null>(null);
  /** The row with the keyboard. */
  active = $state(0);
  /** Where to scroll to: a new object each time. */
  target = $state.raw<{ row: number } | null>(null);
  /** A change of the view is awaited. */
  busy = $state(false);

  readonly #host: Host;
  readonly #pages = new SvelteMap<number, FileRow[]>();
  #asked: number[] = [];
  #range: Range = { from: 0, to: 40 };
  #generation = 0;
  #opening = 0;
  /** Changes go one after another: each is told by how many rows the one before moved. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: Host) {
    this.#host = host;
  }

  get total(): number {
    return this.head?.rows ?? 0;
  }

  /** The row, or null while it is fetched. */
  row(index: number): FileRow | null {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE] ?? null;
  }

  /** How many rows the page holds. */
  get held(): number {
    return this.#pages.size * PAGE;
  }

  /** Opens another view on the tree in place of this one, or takes one that is open already, with its first page of rows. */
  async open(tree: number, scope: FileScope, filter: FileFilter, opened: { view: FileViewHead; rows: FileRow[] } | null = null): Promise<void> {
    const turn = (this.#opening += 1);
    await this.#change(async () => {
      if (turn !== this.#opening) return;
      const head = opened?.view ?? (await this.#host.call("open_view", { tree, scope, filter }));
      const before = this.head;
      const goes = () => turn === this.#opening;
      if (goes()) {
        const screen = this.#range.to - this.#range.from;
        if (opened) this.#put(head, [0], [opened.rows], 0);
        else await this.#take(head, { from: 0, to: screen }, 0);
        this.target = { row: 0 };
        if (before) this.#close(before.id);
      } else this.#close(head.id);
    });
  }

  close(): void {
    this.#opening += 1;
    this.#generation += 1;
    if (this.head) this.#close(this.head.id);
    this.head = null;
    this.#pages.clear();
    this.#asked = [];
  }

  /** The rows on screen: `to` is the first below. */
  show(from: number, to: number): void {
    this.#range = { from, to };
    if (!this.busy) this.#fetch();
  }

  /** Opens or closes the folder in a row. */
  async fold(index: number, open: boolean): Promise<void> {
    await this.#change(async () => {
      const row = this.row(index);
      if (this.head === null || row === null || !foldable(row) || row.open === open) return;
      const next = await this.#fold({ head: this.head, active: this.active }, row, index, open);
      await this.#take(next.head, this.#range, next.active);
    });
  }

  /** Opens every closed folder beside this row, as `*` does in a tree. */
  async openSiblings(index: number): Promise<void> {
    await this.#change(async () => {
      const row = this.row(index);
      if (this.head === null || row === null) return;
      let state: State = { head: this.head, active: this.active };
      let at = row.depth === 0 ? 0 : ((await this.parentOf(index)) ?? -1) + 1;
      let opened = 0;
      for (let ends = false; !ends && opened < MOST_SIBLINGS; ) {
        const { rows } = await this.#ask(at, STRIDE);
        const past = rows.findIndex((each) => each.depth < row.depth);
        const here = past < 0 ? rows : rows.slice(0, past);
        ends = past >= 0 || rows.length < STRIDE;
        const closed = here.flatMap((each, offset) => (each.depth === row.depth && foldable(each) && !each.open ? [{ each, index: at + offset }] : []));
        const before = state.head.rows;
        // Later ones first, so that the rows of the earlier ones stay where they are.
        for (const one of closed.slice(0, MOST_SIBLINGS - opened).reverse()) state = await this.#fold(state, one.each, one.index, true);
        opened += closed.length;
        at += rows.length + state.head.rows - before;
      }
      await this.#take(state.head, this.#range, state.active);
    });
  }

  /** The row of the folder that a row is in; null at the top. */
  async parentOf(index: number): Promise<number | null> {
    const row = this.row(index);
    if (row === null || row.depth === 0) return null;
    let to = Math.max(0, index - row.position + 1);
    for (;;) {
      const from = Math.max(0, to - STRIDE);
      const { rows } = await this.#ask(from, to - from);
      const found = rows.findLastIndex((each) => each.depth < row.depth);
      if (found >= 0) return from + found;
      if (from === 0) return null;
      to = from;
    }
  }

  /** Goes to the next match after the row with the keyboard; how many there are, and which this is. */
  async find(text: string, options: { backwards?: boolean; from?: number | null } = {}): Promise<{ position: number; total: number; node: number } | null> {
    return this.#change(async () => {
      const { head } = this;
      if (head === null) return null;
      const from = options.from === undefined ? this.active : options.from;
      const found = await this.#host.call("find_file", { view: head.id, text, from, backwards: options.backwards ?? false });
      if (found === null || this.head !== head) return null;
      await this.#go(found.view, found.row);
      return { position: found.position, total: found.total, node: found.node };
    });
  }

  /** Opens the folders above a file and goes to it; false where this view does not have it. */
  async reveal(node: number): Promise<boolean> {
    const found = await this.#change(async () => {
      const { head } = this;
      if (head === null) return null;
      const place = await this.#host.call("reveal_file", { view: head.id, node });
      if (place !== null && this.head === head) await this.#go(place.view, place.row);
      return place;
    });
    return found !== null;
  }

  /** Moves the keyboard, and brings the row into view. */
  choose(index: number): void {
    this.active = Math.max(0, Math.min(index, this.total - 1));
    this.target = { row: this.active };
  }

  async #go(head: FileViewHead, row: number): Promise<void> {
    const screen = this.#range.to - this.#range.from;
    const shown = row >= this.#range.from && row < this.#range.to;
    await this.#take(head, shown ? this.#range : { from: Math.max(0, row - screen), to: row + screen }, row);
    this.choose(row);
  }

  async #change<T>(run: () => Promise<T>): Promise<T | null> {
    const turn = this.#last.then(async () => {
      this.busy = true;
      try {
        const value = await run();
        this.fault = null;
        return value;
      } catch (thrown) {
        this.fault = toFault(thrown);
        return null;
      } finally {
        this.busy = false;
        this.#fetch();
      }
    });
    this.#last = turn;
    return turn;
  }

  /** Tells the host; the keyboard stays on its file, or goes to the folder that hid it. */
  async #fold(state: State, row: FileRow, index: number, open: boolean): Promise<State> {
    const head = await this.#host.call("fold_files", { view: state.head.id, node: row.node, open, deep: false });
    const moved = head.rows - state.head.rows;
    const { active } = state;
    const hidden = moved < 0 && active > index && active <= index - moved;
    return { head, active: hidden ? index : active > index ? active + moved : active };
  }

  /** Shows another state of the view once the rows of `range` are there. */
  async #take(head: FileViewHead, range: Range, active: number): Promise<void> {
    const generation = (this.#generation += 1);
    const last = Math.max(0, Math.ceil(head.rows / PAGE) - 1);
    const from = Math.min(last, Math.floor(Math.max(0, range.from) / PAGE));
    const to = Math.min(last, Math.max(from, Math.floor(range.to / PAGE)));
    const pages = Array.from({ length: Math.min(KEPT, to - from + 1) }, (_, index) => from + index);
    const answers = await Promise.all(pages.map((page) => this.#host.call("file_rows", { view: head.id, offset: page * PAGE, limit: PAGE })));
    if (generation === this.#generation) this.#put(head, pages, answers.map(({ rows }) => rows), active);
  }

  #put(head: FileViewHead, pages: number[], rows: FileRow[][], active: number): void {
    this.#generation += 1;
    for (const page of [...this.#pages.keys()]) if (!pages.includes(page)) this.#pages.delete(page);
    for (const [index, page] of pages.entries()) this.#pages.set(page, rows[index] ?? []);
    this.#asked = pages;
    this.head = head;
    this.active = Math.max(0, Math.min(active, head.rows - 1));
  }

  #ask(offset: number, limit: number) {
    return this.#host.call("file_rows", { view: this.head?.id ?? 0, offset, limit });
  }

  #fetch(): void {
    if (this.head === null) return;
    const from = Math.max(0, Math.floor((this.#range.from - PAGE / 2) / PAGE));
    const to = Math.floor((this.#range.to + PAGE / 2) / PAGE);
    for (let page = from; page <= to && page * PAGE < this.total; page += 1) {
      if (this.#asked.includes(page)) continue;
      this.#asked.push(page);
      void this.#load(page, this.head.id);
    }
    this.#trim();
  }

  /** Lets go of the pages that are farthest from what is on screen. */
  #trim(): void {
    const middle = (this.#range.from + this.#range.to) / 2 / PAGE;
    for (const page of [...this.#pages.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle))) {
      if (this.#pages.size <= KEPT) break;
      this.#pages.delete(page);
      this.#unask(page);
    }
  }

  async #load(page: number, view: number): Promise<void> {
    const generation = this.#generation;
    try {
      const { rows } = await this.#host.call("file_rows", { view, offset: page * PAGE, limit: PAGE });
      if (generation !== this.#generation) return;
      this.#pages.set(page, rows);
      this.#trim();
    } catch (thrown) {
      if (generation !== this.#generation) return;
      this.#unask(page);
      this.fault = toFault(thrown);
    }
  }

  #unask(page: number): void {
    this.#asked = this.#asked.filter((each) => each !== page);
  }

  #close(id: number): void {
    void this.#host.call("close_view", { view: id }).catch(() => undefined);
  }
}

export const foldable = (row: Pick<FileRow, "kind" | "children">): boolean => row.kind === "directory" && row.children > 0;
