// What is inside the layers of any make-believe image: views that fold, filters, find, waste and duplicates.

import type { Commands, DifferentFile, DuplicateGroup, Fault, FaultCode, FileChange, FileContent, FileFilter, FileRow, FileScope, FileViewHead, FoundFile, LayersOf, MapItem, OpenedTree, TreeHead, TreeProgress } from "../bindings";
import type { CallName, CallResult } from "../host";
import { fakeDigest } from "./digest";
import { hexPage, preview } from "./filePreviews";
import { childrenOf, everyNode, layersAt, MADE, nodeOf, pathOf, ROOT, sumOf, treeLayers, type FakeNode, type Version } from "./fileTree";

export type FakeFilesOptions = {
  /** An image with no files at all. */
  empty?: boolean;
  /** Why no tree can be opened. */
  fault?: Fault;
  /** Layers that stay in the registry. */
  remote?: boolean;
  /** Why the list of layer 3 is not whole. */
  incomplete?: string;
  /** Milliseconds that indexing takes; it waits for `Infinity` for ever. */
  takes?: number;
};

type View = { id: number; tree: number; scope: FileScope; filter: FileFilter; open: Set<number>; kept: Set<number> | null; matched: Set<number> | null };
type State = { change: FileChange; size: number; mode: string } | null;
type Fail = (code: FaultCode, message: string) => Fault;

export function fakeFiles({ fail, fast, options = {} }: { fail: Fail; fast: boolean; options?: FakeFilesOptions | undefined }) {
  const trees = new Map<number, TreeHead>();
  const views = new Map<number, View>();
  const comparisons = new Map<number, DifferentFile[]>();
  let next = 1;
  const number = () => next++;
  const pause = (milliseconds: number) => (fast ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, milliseconds)));

  const viewOf = (id: number): View => {
    const view = views.get(id);
    if (!view) throw fail("internal", `There is no view ${id}`);
    return view;
  };
  const headOf = (view: View): FileViewHead => {
    const layer = view.scope.kind === "layer" ? treeLayers("").find((each) => view.scope.kind === "layer" && each.number === view.scope.layer) : null;
    return {
      id: view.id, tree: view.tree, rows: options.empty ? 0 : visible(view, ROOT), matches: view.matched?.size ?? 0,
      added: layer?.added ?? 0, modified: layer?.modified ?? 0, removed: layer?.removed ?? 0, bytes: sumOf(nodeOf(ROOT), (node) => stateOf(node, view.scope)?.size ?? 0),
    };
  };
  const children = (view: View, node: FakeNode): { length: number; at: (index: number) => number } => {
    const all = childrenOf(node);
    if (node.many > 0 && view.kept === null) return all;
    const ids = Array.from({ length: all.length }, (_, index) => all.at(index)).filter((id) => (view.kept ? view.kept.has(id) : stateOf(nodeOf(id), view.scope) !== null));
    return { length: ids.length, at: (index) => ids[index] ?? 0 };
  };
  const isOpen = (view: View, id: number) => view.open.has(id) !== (view.kept !== null);
  /** Rows below a folder. */
  const visible = (view: View, id: number): number => {
    const node = nodeOf(id);
    const within = children(view, node);
    if (node.many > 0) return within.length;
    let sum = 0;
    for (let index = 0; index < within.length; index += 1) {
      const child = within.at(index);
      sum += 1 + (nodeOf(child).kind === "directory" && isOpen(view, child) ? visible(view, child) : 0);
    }
    return sum;
  };
  const rowsOf = (view: View, offset: number, limit: number): FileRow[] => {
    const rows: FileRow[] = [];
    let skip = offset;
    const walk = (id: number, depth: number) => {
      const within = children(view, nodeOf(id));
      for (let index = 0; index < within.length && rows.length < limit; index += 1) {
        if (nodeOf(id).many > 0 && skip > 0) {
          const jump = Math.min(skip, within.length - index);
          skip -= jump;
          index += jump - 1;
          continue;
        }
        const child = within.at(index);
        const open = nodeOf(child).kind === "directory" && isOpen(view, child);
        if (skip > 0) skip -= 1;
        else rows.push(row(view, child, depth, index + 1, within.length));
        if (!open) continue;
        const below = skip > 0 ? visible(view, child) : 0;
        if (skip > 0 && below <= skip) skip -= below;
        else walk(child, depth + 1);
      }
    };
    if (!options.empty) walk(ROOT, 0);
    return rows;
  };
  const row = (view: View, id: number, depth: number, position: number, siblings: number): FileRow => {
    const node = nodeOf(id);
    const state = stateOf(node, view.scope);
    const folder = node.kind === "directory";
    const change = state?.change ?? "unchanged";
    return {
      node: id, depth, name: node.name, kind: node.kind, change, layers: layersAt(node),
      size: folder ? sumOf(node, (each) => stateOf(each, view.scope)?.size ?? 0) : (state?.size ?? 0),
      mode: state?.mode ?? node.mode, uid: node.owner, gid: node.owner, link: node.link, open: folder && isOpen(view, id), children: folder ? children(view, node).length : 0,
      note: change === "removed" || (node.note?.startsWith("mode") && change === "modified") ? node.note : null,
      moved: null, odd: node.odd, matched: view.matched?.has(id) ?? true, position, siblings,
    };
  };
  const rowNumber = (view: View, id: number): number => {
    const { parent } = nodeOf(id);
    let at = parent === ROOT ? 0 : rowNumber(view, parent) + 1;
    const within = children(view, nodeOf(parent));
    if (id >= MADE && view.kept === null) return at + id - MADE;
    for (let index = 0; within.at(index) !== id && index < within.length; index += 1) {
      const child = within.at(index);
      at += 1 + (nodeOf(child).kind === "directory" && isOpen(view, child) ? visible(view, child) : 0);
    }
    return at;
  };
  const openAbove = (view: View, id: number) => {
    for (let { parent } = nodeOf(id); parent > ROOT; { parent } = nodeOf(parent)) {
      if (!isOpen(view, parent)) view.open[view.kept ? "delete" : "add"](parent);
    }
  };
  const filtered = (view: View) => {
    const { filter } = view;
    if (filter.text === "" && filter.changes.length === 0 && filter.minSize === null && !filter.setuid && filter.owner === null && filter.content === null) return;
    view.kept = new Set();
    view.matched = new Set();
    for (const id of everyNode()) {
      const node = nodeOf(id);
      const state = stateOf(node, view.scope);
      if (state === null || node.kind === "directory" || !passes(id, node, state, filter)) continue;
      view.matched.add(id);
      for (let at = id; at > ROOT; at = nodeOf(at).parent) view.kept.add(at);
    }
  };
  const find = ({ view: id, text, from, backwards }: Commands["find_file"][0]): FoundFile | null => {
    const view = viewOf(id);
    const order = everyNode().filter((each) => (view.kept ? view.kept.has(each) : stateOf(nodeOf(each), view.scope) !== null));
    const matches = text === "" ? [] : order.filter((each) => textMatches(pathOf(each), text));
    if (matches.length === 0) return null;
    const here = from === null ? -1 : order.indexOf(rowsOf(view, from, 1)[0]?.node ?? -1);
    const places = new Map(order.map((each, index) => [each, index]));
    const place = (each: number) => places.get(each) ?? 0;
    const wanted = backwards ? (matches.findLast((each) => place(each) < here) ?? matches.at(-1)) : (matches.find((each) => place(each) > here) ?? matches[0]);
    if (wanted === undefined) return null;
    openAbove(view, wanted);
    return { row: rowNumber(view, wanted), node: wanted, position: matches.indexOf(wanted) + 1, total: matches.length, view: headOf(view) };
  };

  const openView = (tree: number, scope: FileScope, filter: FileFilter): FileViewHead => {
    const view: View = { id: number(), tree, scope, filter, open: new Set(), kept: null, matched: null };
    views.set(view.id, view);
    filtered(view);
    return headOf(view);
  };
  const openTree = async (of: LayersOf, limit: number, onProgress: (progress: TreeProgress) => void): Promise<OpenedTree> => {
    await Promise.resolve();
    if (options.fault) throw options.fault;
    const title = of.kind === "image" ? of.input : "myapp.tar";
    const layers = options.empty ? [] : treeLayers(title).map((layer) => ({ ...layer, ...(options.remote && { indexedBy: layer.number % 2 === 0 ? ("contents" as const) : ("streaming" as const) }), ...(layer.number === 3 && options.incomplete !== undefined && { incomplete: options.incomplete }) }));
    for (let step = 1; step <= 4; step += 1) {
      for (const layer of layers) onProgress({ layer: layer.number, done: (layer.transferBytes * step) / 4, total: layer.transferBytes, entries: Math.round((layer.added * step) / 4), fetched: options.remote ? Math.round((layer.transferBytes * step) / 40) : 0 });
      if (options.takes !== undefined) await new Promise((resolve) => options.takes !== Infinity && setTimeout(resolve, (options.takes ?? 0) / 4));
      else await pause(250);
    }
    const merged = sumOf(nodeOf(ROOT), (node) => stateOf(node, { kind: "merged" })?.size ?? 0);
    const unpacked = layers.reduce((sum, { unpackedBytes }) => sum + unpackedBytes, 0);
    const head: TreeHead = {
      id: number(), title, layers, files: options.empty ? 0 : everyNode().length, mergedBytes: options.empty ? 0 : merged, unpackedBytes: unpacked, efficiency: options.empty ? 1 : merged / unpacked, wastedBytes: unpacked - merged,
      fetched: options.remote ? 1_200_000 : null, fetchable: options.remote ? 98_600_000 : null,
    };
    trees.set(head.id, head);
    const view = openView(head.id, { kind: "merged" }, { text: "", changes: [], minSize: null, setuid: false, owner: null, content: null });
    return { tree: head, view, rows: rowsOf(viewOf(view.id), 0, limit) };
  };
  const findDuplicates = async (tree: number, onProgress: (progress: TreeProgress) => void): Promise<DuplicateGroup[]> => {
    for (let step = 1; step <= 4; step += 1) {
      onProgress({ layer: 1, done: step * 25, total: 100, entries: step * 10, fetched: 0 });
      await pause(200);
    }
    if (!trees.has(tree)) throw fail("internal", `There is no tree ${tree}`);
    const same = everyNode().filter((id) => id < MADE && nodeOf(id).name === "package.json").slice(0, 3);
    return [{ size: 1_400, digest: fakeDigest("same"), wasted: 2_800, files: same.map((node) => ({ path: pathOf(node), layer: 6, node })) }];
  };
  const map = (id: number | null): MapItem[] => {
    const from = nodeOf(id ?? ROOT);
    const size = (node: FakeNode) => sumOf(node, (each) => stateOf(each, { kind: "merged" })?.size ?? 0);
    const item = (node: FakeNode, parent: number | null): MapItem => ({ node: node.id, parent, name: node.name, size: size(node), kind: node.kind, change: "unchanged", rest: 0 });
    const below = (node: FakeNode, parent: number | null): MapItem[] => node.children.flatMap((child) => [item(nodeOf(child), parent), ...below(nodeOf(child), child)]);
    return below(from, null).filter((each) => each.size > 0);
  };

  /** Some of a layer in a registry. */
  const fetch = (tree: number): void => {
    const head = trees.get(tree);
    if (head?.fetched != null) trees.set(tree, { ...head, fetched: head.fetched + 100_000 });
  };

  const answers: { [K in CallName]?: (args: Commands[K][0]) => CallResult<K> } = {
    fetched_bytes: ({ tree }) => trees.get(tree)?.fetched ?? null,
    close_tree: ({ tree }) => (trees.delete(tree), null),
    open_view: ({ tree, scope, filter }) => openView(tree, scope, filter),
    close_view: ({ view }) => (views.delete(view), null),
    fold_files: ({ view: id, node, open }) => {
      const view = viewOf(id);
      if (isOpen(view, node) !== open) view.open[view.open.has(node) ? "delete" : "add"](node);
      return headOf(view);
    },
    file_rows: ({ view, offset, limit }) => ({ total: headOf(viewOf(view)).rows, offset, rows: rowsOf(viewOf(view), offset, limit) }),
    find_file: find,
    reveal_file: ({ view: id, node }) => {
      const view = viewOf(id);
      if (view.kept ? !view.kept.has(node) : stateOf(nodeOf(node), view.scope) === null) return null;
      openAbove(view, node);
      return { row: rowNumber(view, node), node, position: 1, total: 1, view: headOf(view) };
    },
    file_detail: ({ node: id }) => {
      const node = nodeOf(id);
      const last = node.versions.at(-1);
      return {
        node: id, path: pathOf(id), kind: node.kind, size: node.kind === "directory" ? sumOf(node, (each) => stateOf(each, { kind: "merged" })?.size ?? 0) : (last?.size ?? 0), mode: node.mode, uid: node.owner, gid: node.owner,
        modified: "2026-03-02T09:30:00Z", link: node.link, xattrs: node.name === "sudo" ? [{ key: "security.capability", value: "cap_net_raw=ep" }] : [], device: null,
        history: [...node.versions].reverse().map((version) => ({ layer: version.layer, what: said(version, last), size: version.what === "removed" ? null : version.size, visible: version === last && version.what !== "removed" })),
        flags: node.mode.includes("s") ? ["It can run as its owner (setuid)"] : node.odd ? ["Its name has a right-to-left mark"] : [],
      };
    },
    preview_file: ({ tree, node, layer }) => (fetch(tree), preview(node, layer)),
    file_bytes: ({ tree, node, layer, offset }) => (fetch(tree), hexPage(node, layer, offset)),
    waste: ({ tree }) => {
      const head = trees.get(tree);
      const files = everyNode().filter((id) => id < MADE && nodeOf(id).versions.length > 1).map((id) => {
        const { versions } = nodeOf(id);
        const gone = versions.at(-1)?.what === "removed";
        const layers = versions.map(({ layer }) => layer);
        return { path: pathOf(id), node: gone ? null : id, bytes: versions.slice(0, -1).reduce((sum, { size }) => sum + size, 0), what: gone ? `added ${layers[0]}, removed ${layers[1]}` : `written twice, ${layers.join(" and ")}`, layers };
      }).sort((a, b) => b.bytes - a.bytes);
      return { efficiency: head?.efficiency ?? 1, wastedBytes: options.empty ? 0 : (head?.wastedBytes ?? 0), files: options.empty ? [] : files, totalFiles: options.empty ? 0 : files.length, note: null };
    },
    file_map: ({ node }) => (options.empty ? [] : map(node)),
    compare_trees: () => {
      const rows = differences();
      const id = number();
      comparisons.set(id, rows);
      const count = (difference: DifferentFile["difference"]) => rows.filter((each) => each.difference === difference).length;
      return { id, added: count("added"), removed: count("removed"), changed: count("changed"), moved: count("moved"), rows: rows.length };
    },
    different_files: ({ comparison, only, offset, limit }) => {
      const rows = (comparisons.get(comparison) ?? []).filter((each) => only === null || each.difference === only);
      return { total: rows.length, offset, rows: rows.slice(offset, offset + limit) };
    },
    version_diff: ({ tree, a, b }) => {
      fetch(tree);
      return pathOf(b.node) === "/app/package.json" && a.layer === 5
        ? { lines: [{ a: 1, b: 1, text: "{" }, { a: null, b: 2, text: '  "sharp": "^0.33.4"' }, { a: 2, b: 3, text: "}" }], why: null }
        : { lines: null, why: "It is no text" };
    },
    text_diff: ({ path }) =>
      path === "/app/package.json"
        ? { lines: [{ a: 1, b: 1, text: "{" }, { a: 2, b: null, text: '  "version": "1.0.0"' }, { a: null, b: 2, text: '  "version": "1.1.0"' }, { a: null, b: 3, text: '  "sharp": "^0.33.4"' }, { a: 3, b: 4, text: "}" }], why: null }
        : { lines: null, why: "It is no text" },
  };
  return { answers, openTree, findDuplicates };
}

function said(version: Version, last: Version | undefined): string {
  if (version !== last) return `hidden by layer ${last?.layer ?? 0}`;
  return version.what === "added" ? "added here" : version.what === "removed" ? "removed here" : "replaced here";
}

/** What a view shows of a file; null where it is not there. */
function stateOf(node: FakeNode, scope: FileScope): State {
  if (node.kind === "directory") {
    const below = node.many > 0 ? [nodeOf(MADE)] : node.children.map(nodeOf);
    const states = below.map((each) => stateOf(each, scope)).filter((each) => each !== null);
    if (states.length === 0) return null;
    const first = states[0]?.change ?? "unchanged";
    return { change: first !== "modified" && states.every(({ change }) => change === first) ? first : "unchanged", size: 0, mode: node.mode };
  }
  const at = (layer: number) => node.versions.findLast((version) => version.layer <= layer) ?? null;
  const shown = (version: Version, change: FileChange): State => ({ change, size: version.size, mode: version.mode ?? node.mode });
  if (scope.kind === "between") {
    const [before, after] = [at(scope.from), at(scope.to)];
    const had = before !== null && before.what !== "removed";
    const has = after !== null && after.what !== "removed";
    if (!had && !has) return null;
    if (had && !has) return shown(before, "removed");
    return after === null ? null : shown(after, had ? (before === after ? "unchanged" : "modified") : "added");
  }
  const top = scope.kind === "merged" ? Infinity : scope.layer;
  const now = at(top);
  if (now === null) return null;
  if (now.what === "removed") return scope.kind === "layer" && now.layer === scope.layer ? { change: "removed", size: at(top - 1)?.size ?? 0, mode: node.mode } : null;
  return shown(now, scope.kind === "layer" && now.layer === scope.layer ? now.what : "unchanged");
}

function textMatches(path: string, text: string): boolean {
  const wanted = text.toLowerCase();
  if (!/[*?[]/.test(wanted)) return path.toLowerCase().includes(wanted);
  const pattern = wanted.replace(/[.+^${}()|\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  return new RegExp(`^${pattern}$`).test(wanted.includes("/") ? path.toLowerCase() : name);
}

function passes(id: number, node: FakeNode, state: NonNullable<State>, filter: FileFilter): boolean {
  return (
    (filter.text === "" || textMatches(pathOf(id), filter.text)) &&
    (filter.changes.length === 0 || filter.changes.includes(state.change)) &&
    (filter.minSize === null || state.size >= filter.minSize) &&
    (!filter.setuid || state.mode.includes("s")) &&
    (filter.owner === null || node.owner === filter.owner) &&
    (filter.content === null || holds(pathOf(id), node) === filter.content)
  );
}

/** The engine looks at first bytes; what is made up here has names alone. */
function holds(path: string, node: FakeNode): FileContent | null {
  if (node.kind !== "file") return null;
  if (path === "/var/lib/dpkg/status") return "packages";
  const ending = path.slice(path.lastIndexOf(".") + 1);
  const known: Record<string, FileContent> = { json: "json", svg: "markup", html: "markup", png: "image", pem: "key", db: "database", node: "program", js: "text", log: "text" };
  return path.startsWith("/usr/bin/") ? "program" : (known[ending] ?? "data");
}

function differences(): DifferentFile[] {
  const base = { was: null, kind: "file" as const, nodeA: null, nodeB: null };
  const some: DifferentFile[] = [
    { ...base, path: "/app/package.json", difference: "changed", sizeA: 1104, sizeB: 1214, what: "content" },
    { ...base, path: "/app/data/app.db", difference: "changed", sizeA: 3_900_000, sizeB: 3_900_000, what: "mode -rw-r--r-- to -rw-------" },
    { ...base, path: "/app/start.js", was: "/app/server.js", difference: "moved", sizeA: 3912, sizeB: 3912, what: "moved" },
    { ...base, path: "/tmp/build.log", difference: "removed", sizeA: 300_000, sizeB: null, what: "removed" },
  ];
  const many = Array.from({ length: 2000 }, (_, index): DifferentFile => ({ ...base, path: `/app/node_modules/added-${String(index).padStart(4, "0")}.js`, difference: "added", sizeA: null, sizeB: 100 + index, what: "added" }));
  return [...some, ...many];
}
