// The make-believe files of an image of eight layers: the app of the design's pictures, and one folder of 300,000
// files whose entries are made when they are asked for.

import type { FileKind, TreeLayer } from "../bindings";
import { fakeDigest } from "./digest";

/** What one layer did with a file. */
export type Version = { layer: number; what: "added" | "modified" | "removed"; size: number; mode?: string };
export type FakeNode = {
  id: number;
  parent: number;
  name: string;
  kind: FileKind;
  versions: Version[];
  mode: string;
  owner: number;
  link: string | null;
  note: string | null;
  odd: boolean;
  /** ids of what a folder holds */
  children: number[];
  /** A folder of so many made-up files. */
  many: number;
};

export const ROOT = 0;
/** Ids from here on are files of the folder of 300,000. */
export const MADE = 1_000_000;
export const MANY = 300_000;
export const MADE_SIZE = 512;

const STEPS: [label: string, transfer: number][] = [
  ["ADD rootfs.tar /", 29_100_000],
  ["RUN install node", 41_200_000],
  ["RUN install yarn", 2_100_000],
  ["WORKDIR /app", 112],
  ["COPY package.json package-lock.json ./", 24_000],
  ["RUN npm ci", 24_800_000],
  ["COPY . .", 1_300_000],
  ["RUN chown -R node /app/data", 310],
];

const nodes = new Map<number, FakeNode>();
const plain = (id: number, parent: number, name: string, kind: FileKind): FakeNode => ({
  id, parent, name, kind, versions: [], mode: kind === "directory" ? "drwxr-xr-x" : "-rw-r--r--", owner: 0, link: null, note: null, odd: false, children: [], many: 0,
});
const root = plain(ROOT, -1, "", "directory");
nodes.set(ROOT, root);

function folder(path: string): FakeNode {
  let at = root;
  for (const name of path.split("/").filter(Boolean)) {
    let next = at.children.map((id) => nodes.get(id)).find((node) => node?.name === name);
    if (!next) {
      next = plain(nodes.size, at.id, name, "directory");
      nodes.set(next.id, next);
      at.children.push(next.id);
    }
    at = next;
  }
  return at;
}

function put(path: string, versions: Version[], part: Partial<FakeNode> = {}): void {
  const cut = path.lastIndexOf("/");
  const parent = folder(path.slice(0, cut));
  const node: FakeNode = { ...plain(nodes.size, parent.id, path.slice(cut + 1), "file"), versions, ...part };
  nodes.set(node.id, node);
  parent.children.push(node.id);
}
const added = (layer: number, size: number): Version => ({ layer, what: "added", size });
const changed = (layer: number, size: number, mode?: string): Version => ({ layer, what: "modified", size, ...(mode !== undefined && { mode }) });
const removed = (layer: number): Version => ({ layer, what: "removed", size: 0 });

for (const [name, size] of [["@fastify/static", 4_600_000], ["fastify", 2_400_000], ["pino", 1_200_000], ["sharp", 31_000_000]] as const) {
  put(`/app/node_modules/${name}/index.js`, [added(6, size - 1400)]);
  put(`/app/node_modules/${name}/package.json`, [added(6, 1400)]);
}
put("/app/node_modules/better-sqlite3/build/better_sqlite3.node", [added(6, 11_800_000)], { mode: "-rwxr-xr-x" });
put("/app/node_modules/better-sqlite3/package.json", [added(6, 1_600)]);
put("/app/package.json", [added(5, 1_104), changed(6, 1_214)]);
put("/app/package-lock.json", [added(5, 87_400), changed(6, 88_000)]);
put("/app/server.js", [added(7, 3_912)]);
put("/app/logo.png", [added(7, 70)]);
put("/app/index.html", [added(7, 92)]);
put("/app/drawing.svg", [added(7, 84)]);
put("/app/colours.log", [added(7, 61)]);
put("/app/data/app.db", [added(7, 3_900_000), changed(8, 3_900_000, "-rw-------")], { note: "mode was -rw-r--r--", owner: 1000 });
put("/etc/passwd", [added(1, 926), changed(2, 968)]);
put("/etc/os-release", [added(1, 267)]);
put("/etc/ssl/certs.pem", [added(1, 210_000), changed(3, 214_000)]);
put("/srv/.npm/_cacache/index", [added(2, 5_900_000), removed(6)], { note: "whiteout" });
put("/srv/.bashrc", [added(1, 571)]);
put("/tmp/build.log", [added(3, 300_000), removed(6)], { note: "whiteout" });
put("/usr/bin/node", [added(2, 98_000_000)], { mode: "-rwxr-xr-x" });
put("/usr/bin/sudo", [added(1, 281_000)], { mode: "-rwsr-xr-x" });
put("/usr/bin/nodejs", [added(2, 0)], { kind: "symlink", mode: "lrwxrwxrwx", link: "node" });
put("/usr/share/doc/evil\\u202egnp.exe", [added(1, 12)], { odd: true });
put("/var/lib/dpkg/status", [added(1, 140_000), changed(2, 168_000)]);
const many = folder("/var/lib/generated");
many.many = MANY;

for (const node of nodes.values()) {
  node.children.sort((a, b) => {
    const [one, two] = [nodes.get(a), nodes.get(b)];
    return Number(two?.kind === "directory") - Number(one?.kind === "directory") || (one?.name ?? "").localeCompare(two?.name ?? "");
  });
}

export function nodeOf(id: number): FakeNode {
  const known = nodes.get(id);
  if (known) return known;
  return { ...plain(id, many.id, `entry-${String(id - MADE).padStart(6, "0")}.dat`, "file"), versions: [added(1, MADE_SIZE)] };
}
export function childrenOf(node: FakeNode): { length: number; at: (index: number) => number } {
  if (node.many > 0) return { length: node.many, at: (index) => MADE + index };
  return { length: node.children.length, at: (index) => node.children[index] ?? 0 };
}
export function pathOf(id: number): string {
  if (id === ROOT) return "";
  const node = nodeOf(id);
  return `${pathOf(node.parent)}/${node.name}`;
}
/** Every node, folders before what they hold. */
export function everyNode(from: number = ROOT, into: number[] = []): number[] {
  const children = childrenOf(nodeOf(from));
  for (let index = 0; index < children.length; index += 1) {
    const id = children.at(index);
    into.push(id);
    if (id < MADE) everyNode(id, into);
  }
  return into;
}
/** Bytes below a node, counted by `sizeOf` of each file. */
export function sumOf(node: FakeNode, sizeOf: (node: FakeNode) => number): number {
  if (node.kind !== "directory") return sizeOf(node);
  if (node.many > 0) return node.many * sizeOf(nodeOf(MADE));
  return node.children.reduce((sum, id) => sum + sumOf(nodeOf(id), sizeOf), 0);
}
/** Layers that have something at or below a node. */
export function layersAt(node: FakeNode): number[] {
  const found = new Set(node.kind === "directory" ? node.children.flatMap((id) => layersAt(nodeOf(id))) : node.versions.map(({ layer }) => layer));
  if (node.many > 0) found.add(1);
  return [...found].sort((a, b) => a - b);
}

export function treeLayers(title: string): TreeLayer[] {
  const count = (layer: number, what: Version["what"]) => [...nodes.values()].filter((node) => node.versions.some((version) => version.layer === layer && version.what === what)).length + (layer === 1 && what === "added" ? MANY : 0);
  return STEPS.map(([label, transferBytes], index) => {
    const number = index + 1;
    const bytes = (alive: boolean) => sumOf(nodeOf(ROOT), (node) => {
      const version = node.versions.find(({ layer }) => layer === number);
      return version && (!alive || node.versions.at(-1) === version) ? version.size : 0;
    });
    return {
      number, digest: fakeDigest(`layer ${title} ${label}`), label, transferBytes, unpackedBytes: bytes(false), netBytes: bytes(true),
      added: count(number, "added"), modified: count(number, "modified"), removed: count(number, "removed"), indexedBy: "reading" as const, incomplete: null,
    };
  });
}
