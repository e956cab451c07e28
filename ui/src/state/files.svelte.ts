// What is inside the layers of one image or archive: its tree, the view on it, and what was asked about single files.

import { SvelteMap } from "svelte/reactivity";
import type { DuplicateGroup, Fault, FileDetail, FileFilter, FilePreview, FileScope, FileVersionOf, HexPage, LayersOf, MapItem, TextDiff, TreeHead, TreeProgress, WasteReport } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";
import { ReadCache } from "./cache";
import type { Read } from "./reads.svelte";
import { FileRowList, PAGE } from "./rows.svelte";

export const EVERYTHING: FileFilter = { text: "", changes: [], minSize: null, setuid: false, owner: null, content: null };

/** Rectangles that are drawn at once. */
const MAP_ITEMS = 400;
/** Previews hold up to 8 MiB each. */
const PREVIEWS = 3;
/** Milliseconds without a key before what is typed is looked for. */
const TYPING = 80;

/**
 * A file that is looked at: one layer's version of it, or the one that the view shows. Between two layers it may have
 * been another path before.
 */
export type Chosen = { node: number; layer: number | null; moved?: number | null };

/** Duplicates take time, so they are looked for when somebody asks. */
export type Duplicates = { groups: DuplicateGroup[] | null; fault: Fault | null; busy: boolean };

export class FileTree {
  head = $state.raw<TreeHead | null>(null);
  /** Bytes that were fetched of layers in a registry, so far. */
  fetched = $state<number | null>(null);
  fault = $state.raw<Fault | null>(null);
  busy = $state(true);
  /** How far each layer is indexed, by its number. */
  readonly progress = new SvelteMap<number, TreeProgress>();
  scope = $state.raw<FileScope>({ kind: "merged" });
  filter = $state.raw<FileFilter>(EVERYTHING);
  chosen = $state.raw<Chosen | null>(null);
  /** What is looked for, and which match is at hand; position 0: none yet. */
  query = $state("");
  found = $state.raw<{ position: number; total: number } | null>(null);
  /** The view has the matches alone, with the folders above them. */
  only = $state(false);
  /** The treemap in place of the tree. */
  mapped = $state(false);
  duplicates = $state.raw<Duplicates>({ groups: null, fault: null, busy: false });
  reading = $state.raw<TreeProgress | null>(null);
  readonly rows: FileRowList;
  readonly of: LayersOf;

  readonly #host: Host;
  #details = new ReadCache<FileDetail>(24);
  #previews = new ReadCache<FilePreview>(PREVIEWS);
  #differences = new ReadCache<TextDiff>(4);
  #maps = new ReadCache<MapItem[]>(12);
  #wastes = new ReadCache<WasteReport>(1);
  #turn = 0;
  #typing: ReturnType<typeof setTimeout> | undefined;
  #searching = 0;
  /** The row before which a search begins, so that a longer word does not go on from its own first match. */
  #anchor: number | null = null;

  constructor(host: Host, of: LayersOf) {
    this.#host = host;
    this.of = of;
    this.rows = new FileRowList(host);
  }

  get state(): "loading" | "fault" | "ready" {
    if (this.head !== null) return "ready";
    return this.fault === null ? "loading" : "fault";
  }

  /** Bytes have to be fetched for every file that is opened. */
  get remote(): boolean {
    return this.head?.fetchable != null;
  }

  /** Opens the tree, or reads it again with the old one still on screen. */
  async open(): Promise<void> {
    const turn = (this.#turn += 1);
    this.busy = true;
    this.progress.clear();
    try {
      const { tree: head, view, rows } = await this.#host.openTree(this.of, PAGE, (progress) => {
        if (turn === this.#turn) this.progress.set(progress.layer, progress);
      });
      if (turn !== this.#turn) return this.#close(head.id);
      if (!has(head, this.scope)) this.scope = { kind: "merged" };
      const isFirst = this.scope.kind === "merged" && !isFiltered(this.filter);
      // Before anything else is changed, so that the first rows are drawn with the rest of the page.
      const shown = this.rows.open(head.id, this.scope, this.filter, isFirst ? { view, rows } : null);
      if (!isFirst) void this.#host.call("close_view", { view: view.id }).catch(() => undefined);
      const before = this.head;
      const { chosen } = this;
      this.#forget();
      // The same layers give the same numbers.
      const isSame = before !== null && digests(before) === digests(head);
      if (isSame) this.chosen = chosen;
      this.head = head;
      this.fetched = head.fetched;
      this.fault = null;
      await shown;
      if (before) this.#close(before.id);
      if (isSame && chosen) await this.rows.reveal(chosen.node);
      // What was typed before there was anything to find.
      if (before === null && this.query !== "") await this.#search();
    } catch (thrown) {
      if (turn === this.#turn) this.fault = toFault(thrown);
    }
    if (turn === this.#turn) this.busy = false;
  }

  /** What reads a file may fetch some of a layer: how much it is now is asked for when it is done. */
  async #fetching<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } finally {
      const turn = this.#turn;
      const fetched = this.remote ? await this.#host.call("fetched_bytes", { tree: this.#id }).catch(() => null) : null;
      if (turn === this.#turn && fetched !== null) this.fetched = fetched;
    }
  }

  /** The host may forget the tree. */
  close(): void {
    this.#turn += 1;
    clearTimeout(this.#typing);
    this.rows.close();
    if (this.head) this.#close(this.head.id);
  }

  async show(part: { scope?: FileScope; filter?: Partial<FileFilter> }): Promise<void> {
    if (part.scope) {
      this.scope = part.scope;
      if (this.chosen) this.chosen = { node: this.chosen.node, layer: null };
    }
    if (part.filter) this.filter = { ...this.filter, ...part.filter };
    if (this.head) await this.rows.open(this.head.id, this.scope, this.filter);
  }

  /** Looks for a name, a part of a path or a glob while it is typed. */
  search(text: string): void {
    if (this.query === "") this.#anchor = this.rows.active === 0 ? null : this.rows.active - 1;
    this.query = text;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.#search(), TYPING);
  }

  /** The next match, or the one before; what was just typed is looked for first. */
  async jump(backwards: boolean): Promise<void> {
    if (this.#typing !== undefined) return this.#search();
    if (this.query === "" || this.head === null) return;
    const turn = (this.#searching += 1);
    const found = await this.rows.find(this.query, { backwards });
    if (turn === this.#searching) this.#told(found);
  }

  async showOnly(on: boolean): Promise<void> {
    this.only = on;
    await this.#search();
  }

  async #search(): Promise<void> {
    clearTimeout(this.#typing);
    this.#typing = undefined;
    if (this.head === null) return;
    const turn = (this.#searching += 1);
    const { query } = this;
    const wanted = this.only ? query : "";
    if (this.filter.text !== wanted) await this.show({ filter: { text: wanted } });
    if (turn !== this.#searching) return;
    if (query === "") this.found = null;
    else this.#told(await this.rows.find(query, { from: this.only ? null : this.#anchor }));
  }

  #told(found: { position: number; total: number } | null): void {
    this.found = this.query === "" ? null : (found ?? { position: 0, total: 0 });
  }

  /** Goes to a file in the tree, leaving filters and layers behind that hide it. */
  async reveal(node: number): Promise<boolean> {
    this.mapped = false;
    if (await this.rows.reveal(node)) return this.#choose(node);
    if (this.scope.kind !== "merged" || isFiltered(this.filter)) {
      this.only = false;
      await this.show({ scope: { kind: "merged" }, filter: EVERYTHING });
      if (await this.rows.reveal(node)) return this.#choose(node);
    }
    return false;
  }

  detail(node: number): Read<FileDetail> {
    return this.#details.get(String(node), () => this.#host.call("file_detail", { tree: this.#id, node }));
  }
  preview(chosen: Chosen): Read<FilePreview> {
    return this.#previews.get(JSON.stringify([chosen.node, chosen.layer]), () => this.#fetching(this.#host.call("preview_file", { tree: this.#id, node: chosen.node, layer: chosen.layer })));
  }
  /** The text of a file after one layer beside the text after another. */
  difference(a: FileVersionOf, b: FileVersionOf): Read<TextDiff> {
    return this.#differences.get(JSON.stringify([a, b]), () => this.#fetching(this.#host.call("version_diff", { tree: this.#id, a, b })));
  }
  /** Bytes of a file from a place on. */
  bytes(chosen: Chosen, offset: number): Promise<HexPage> {
    return this.#fetching(this.#host.call("file_bytes", { tree: this.#id, node: chosen.node, layer: chosen.layer, offset }));
  }
  map(node: number | null): Read<MapItem[]> {
    return this.#maps.get(String(node), () => this.#host.call("file_map", { tree: this.#id, node, items: MAP_ITEMS }));
  }
  get waste(): Read<WasteReport> {
    return this.#wastes.get("", () => this.#host.call("waste", { tree: this.#id }));
  }

  async findDuplicates(): Promise<void> {
    if (this.duplicates.busy) return;
    const turn = this.#turn;
    this.duplicates = { groups: null, fault: null, busy: true };
    try {
      const groups = await this.#host.findDuplicates(this.#id, (progress) => {
        if (turn === this.#turn) this.reading = progress;
      });
      if (turn === this.#turn) this.duplicates = { groups, fault: null, busy: false };
    } catch (thrown) {
      if (turn === this.#turn) this.duplicates = { groups: null, fault: toFault(thrown), busy: false };
    }
    this.reading = null;
  }

  get #id(): number {
    return this.head?.id ?? 0;
  }
  #choose(node: number): true {
    this.chosen = { node, layer: null };
    return true;
  }
  /** Nodes are numbers of one tree: nothing that was asked of another is true here. */
  #forget(): void {
    this.#details = new ReadCache(24);
    this.#previews = new ReadCache(PREVIEWS);
    this.#differences = new ReadCache(4);
    this.#maps = new ReadCache(12);
    this.#wastes = new ReadCache(1);
    this.chosen = null;
    this.duplicates = { groups: null, fault: null, busy: false };
  }
  #close(id: number): void {
    void this.#host.call("close_tree", { tree: id }).catch(() => undefined);
  }
}

function has(head: TreeHead, scope: FileScope): boolean {
  if (scope.kind === "merged") return true;
  return (scope.kind === "between" ? scope.to : scope.layer) <= head.layers.length;
}
const digests = (head: TreeHead): string => head.layers.map(({ digest }) => digest).join();

export const isFiltered = (filter: FileFilter): boolean =>
  filter.text !== "" || filter.changes.length > 0 || filter.minSize !== null || filter.setuid || filter.owner !== null || filter.content !== null;
