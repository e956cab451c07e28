/** The repositories below a registry in the sidebar: pinned and opened ones, then its catalog as a tree. Pure. */
import type { RegistryEntry } from "../../ipc/bindings";
import { familiarSegments } from "../../lib/segments";

export type TreeRow = {
  /** Unique below one registry. */
  key: string;
  /** 1 is the outermost. */
  level: number;
  kind: "pinned" | "opened" | "catalog" | "namespace" | "repository" | "more" | "note" | "typed";
  label: string;
  /** The whole path of a repository or namespace. */
  path: string;
  /** null: it has nothing to unfold */
  unfolded: boolean | null;
  title?: string;
};

/** Docker Hub and GHCR let nobody list all that they hold. */
export const hasCatalog = (entry: Pick<RegistryEntry, "kind">): boolean => entry.kind === "other" || entry.kind === "practice";

/** The path of a reference on this registry, else null. Docker Hub's official images are under `library`. */
export function pathOn(host: string, reference: string): string | null {
  const pieces = familiarSegments(reference);
  const of = pieces.find(({ kind }) => kind === "registry")?.text ?? "docker.io";
  if (of !== host) return null;
  const path = pieces.filter(({ kind }) => kind === "namespace" || kind === "repository").map(({ text }) => text).join("/");
  if (path === "") return null;
  return host === "docker.io" && !path.includes("/") ? `library/${path}` : path;
}

export type Known = {
  pinned: readonly string[];
  recent: readonly string[];
  catalog: { names: readonly string[]; open: boolean; loaded: boolean; busy: boolean; more: boolean; partial: boolean; fault: { message: string; hint: string | null } | null; unfolded: ReadonlySet<string> };
};

const RECENT = 3;

export function treeRows(entry: RegistryEntry, known: Known): TreeRow[] {
  const rows: TreeRow[] = [];
  const seen = new Set<string>();
  const add = (references: readonly string[], kind: "pinned" | "opened", most: number) => {
    let added = 0;
    for (const reference of references) {
      const path = pathOn(entry.host, reference);
      if (path === null || seen.has(path) || added === most) continue;
      seen.add(path);
      added += 1;
      rows.push({ key: `${kind} ${path}`, level: 1, kind, label: path, path, unfolded: null });
    }
  };
  add(known.pinned, "pinned", Infinity);
  // The practice registry is small, and its catalog is one click away.
  add(known.recent, "opened", entry.kind === "practice" ? 0 : RECENT);
  if (!hasCatalog(entry)) {
    rows.push({ key: "typed", level: 1, kind: "typed", label: "Open a repository…", path: "", unfolded: null, title: `${entry.label} does not let anybody list its repositories: type the name of one` });
    return rows;
  }
  const { catalog } = known;
  rows.push({ key: "catalog", level: 1, kind: "catalog", label: "All repositories", path: "", unfolded: catalog.open });
  if (!catalog.open) return rows;
  rows.push(...branches(catalog.names, catalog.unfolded));
  const note = (label: string, title?: string): TreeRow => ({ key: `note ${label}`, level: 2, kind: "note", label, path: "", unfolded: null, ...(title !== undefined && { title }) });
  if (catalog.fault) rows.push(note("No list here", `${catalog.fault.message.replaceAll("`", "")}${catalog.fault.hint ? `. ${catalog.fault.hint}` : ""}`), { key: "typed", level: 2, kind: "typed", label: "Open a repository…", path: "", unfolded: null });
  else if (catalog.busy) rows.push(note("Reading"));
  else if (catalog.more) rows.push({ key: "more", level: 2, kind: "more", label: "Show more", path: "", unfolded: null });
  else if (catalog.loaded && catalog.names.length === 0) rows.push(note("No repositories"));
  else if (catalog.partial) rows.push(note("There may be more", "The registry's pages went in circles, so the list stops here"));
  return rows;
}

type Branch = { name: string; path: string; repository: boolean; below: Map<string, Branch> };

/** Only what is unfolded becomes rows: a registry of ten thousand repositories stays some dozens. */
function branches(names: readonly string[], unfolded: ReadonlySet<string>): TreeRow[] {
  const root: Branch = { name: "", path: "", repository: false, below: new Map() };
  for (const name of names) {
    let at = root;
    for (const part of name.split("/")) {
      const path = at.path === "" ? part : `${at.path}/${part}`;
      const next = at.below.get(part) ?? { name: part, path, repository: false, below: new Map<string, Branch>() };
      at.below.set(part, next);
      at = next;
    }
    at.repository = true;
  }
  const rows: TreeRow[] = [];
  const walk = (branch: Branch, level: number) => {
    for (const each of [...branch.below.values()].sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))) {
      if (each.repository) rows.push({ key: `repository ${each.path}`, level, kind: "repository", label: each.name, path: each.path, unfolded: null });
      if (each.below.size === 0) continue;
      // Namespaces that hold one namespace alone are one row.
      let last = each;
      let label = each.name;
      for (let only = onlyBranch(last); only !== null; only = onlyBranch(last)) {
        label += `/${only.name}`;
        last = only;
      }
      const open = unfolded.has(last.path);
      rows.push({ key: `namespace ${last.path}`, level, kind: "namespace", label: `${label}/`, path: last.path, unfolded: open });
      if (open) walk(last, level + 1);
    }
  };
  walk(root, 2);
  return rows;
}

function onlyBranch(branch: Branch): Branch | null {
  const [only] = branch.below.values();
  return branch.below.size === 1 && only && !only.repository && only.below.size > 0 ? only : null;
}

/** The row that holds this one, for the left arrow. */
export function parentOf(rows: readonly TreeRow[], index: number): number {
  const level = rows[index]?.level ?? 1;
  for (let at = index - 1; at >= 0; at -= 1) if ((rows[at]?.level ?? 1) < level) return at;
  return index;
}
