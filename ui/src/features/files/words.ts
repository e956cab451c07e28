/** What the tree of files says in words, glyphs and icons. Pure. */
import type { FileChange, FileContent, FileFilter, FileKind, FilePreview, FileRow, FileScope, FileVersion, IndexedBy, LayersOf, TreeHead, TreeLayer } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";
import { bytes, count, plural } from "../../lib/format";
import { commandLine } from "../../lib/shell";
import { shown } from "../image/visible";

export const MARKS: Record<FileChange, { glyph: string; word: string; className: string }> = {
  added: { glyph: "+", word: "added", className: "c-A" },
  modified: { glyph: "~", word: "modified", className: "c-M" },
  removed: { glyph: "−", word: "removed", className: "c-D" },
  unchanged: { glyph: "", word: "", className: "" },
};

const CODE = /\.(?:[cm]?[jt]sx?|sh|bash|py|rb|pl|php|go|rs|c|h|cc|cpp|java|kt|lua|css|html?|xml|svg|ya?ml|toml|ini|conf|service)$/i;

export function iconOf(row: Pick<FileRow, "kind" | "name" | "open" | "change">): IconName {
  switch (row.kind) {
    case "directory":
      return row.open ? "folder-open" : "folder";
    case "symlink":
    case "hardlink":
      return "link";
    case "character":
    case "block":
      return "chip";
    case "fifo":
      return "transfers";
    case "file":
    case "other":
      if (row.change === "removed") return "file-x";
      return /\.json$/i.test(row.name) ? "file-json" : CODE.test(row.name) ? "file-code" : "file-text";
  }
}

const KINDS: Record<FileKind, string> = {
  directory: "folder",
  file: "file",
  symlink: "symbolic link",
  hardlink: "hard link",
  character: "character device",
  block: "block device",
  fifo: "named pipe",
  other: "special file",
};
export const kindWord = (kind: FileKind): string => KINDS[kind];

/** `6`, `5, 6`, `4–6`, `1, 3–6`: layers that have something at a place. */
export function layerNumbers(layers: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < layers.length; ) {
    let end = at;
    while (layers[end + 1] === (layers[end] ?? 0) + 1) end += 1;
    const [first, last] = [layers[at] ?? 0, layers[end] ?? 0];
    if (end - at >= 2) parts.push(`${first}–${last}`);
    else for (let each = first; each <= last; each += 1) parts.push(String(each));
    at = end + 1;
  }
  return parts.length > 3 ? `${parts[0] ?? ""}, …, ${parts.at(-1) ?? ""}` : parts.join(", ");
}

/** What a screen reader is told of a row. */
export function rowLabel(row: FileRow): string {
  const parts = [shown(row.name, 400)];
  if (row.kind !== "file") parts.push(row.kind === "directory" ? `folder with ${plural(row.children, "entry", "entries")}` : kindWord(row.kind));
  if (row.link !== null) parts.push(`to ${shown(row.link, 200)}`);
  if (row.change !== "unchanged") parts.push(MARKS[row.change].word);
  if (row.note !== null) parts.push(shown(row.note, 200));
  if (row.odd) parts.push("its name is not what it seems");
  parts.push(bytes(row.size));
  if (row.layers.length > 0) parts.push(`${row.layers.length === 1 ? "layer" : "layers"} ${layerNumbers(row.layers).replaceAll("–", " to ")}`);
  return parts.join(", ");
}

const INDEXED: Record<IndexedBy, string> = {
  cache: "its list of files was kept from before",
  reading: "its bytes were read here",
  streaming: "its bytes were streamed from the registry once",
  contents: "only its table of contents was fetched",
};

/** The tooltip of a layer. */
export function layerTitle(layer: TreeLayer): string {
  const changes = [`${count(layer.added)} added`, `${count(layer.modified)} modified`, `${count(layer.removed)} removed`].join(", ");
  return `Layer ${layer.number}: ${shown(layer.label, 400)}\n${changes}\n${bytes(layer.transferBytes)} to transfer, ${bytes(layer.unpackedBytes)} unpacked, ${bytes(layer.netBytes)} that a container sees\n${upper(INDEXED[layer.indexedBy])}${layer.incomplete === null ? "" : `\nNot whole: ${shown(layer.incomplete, 300)}`}`;
}
const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `Fetched 1.2 MB of 98.6 MB so far`, for layers that are in a registry. One that can't be entered midway is read again. */
export function fetchedWords(head: Pick<TreeHead, "fetched" | "fetchable">): string | null {
  if (head.fetched === null || head.fetchable === null) return null;
  if (head.fetched > head.fetchable) return `Fetched ${bytes(head.fetched)} so far: parts of ${bytes(head.fetchable)} were read again`;
  return `Fetched ${bytes(head.fetched)} of ${bytes(head.fetchable)} so far`;
}

/** What the view is of, for its accessible name: `Files of layer 6`. */
export function scopeWords(scope: FileScope): string {
  switch (scope.kind) {
    case "merged":
      return "Files that a container sees";
    case "layer":
      return `Files with the changes of layer ${scope.layer}`;
    case "upto":
      return `Files up to layer ${scope.layer}`;
    case "between":
      return `Changes from layer ${scope.from} to layer ${scope.to}`;
  }
}

/** Layers of the list that a scope is about. */
export function scopeLayers(scope: FileScope): number[] {
  if (scope.kind === "merged") return [];
  return scope.kind === "between" ? [scope.from, scope.to] : [scope.layer];
}

/** How many of the filters in the menu are set; text and changes have their own places. */
export const filterCount = (filter: FileFilter): number => Number(filter.content !== null) + Number(filter.minSize !== null) + Number(filter.setuid) + Number(filter.owner !== null);

/** What files hold, in the order of the menu. */
export const CONTENTS: readonly { value: FileContent; label: string }[] = [
  { value: "text", label: "Text of any kind" },
  { value: "json", label: "JSON" },
  { value: "markup", label: "XML, SVG or HTML" },
  { value: "script", label: "Scripts (#!)" },
  { value: "key", label: "Keys and certificates (PEM)" },
  { value: "program", label: "Programs and libraries" },
  { value: "bytecode", label: "Java and Python bytecode" },
  { value: "packages", label: "Package databases" },
  { value: "database", label: "Other databases" },
  { value: "archive", label: "Archives" },
  { value: "image", label: "Pictures" },
  { value: "media", label: "Sound and film" },
  { value: "document", label: "PDF and PostScript" },
  { value: "font", label: "Fonts" },
  { value: "data", label: "Other bytes" },
];

export const SIZES: readonly { value: number; label: string }[] = [
  { value: 1_000, label: "1 kB or more" },
  { value: 100_000, label: "100 kB or more" },
  { value: 1_000_000, label: "1 MB or more" },
  { value: 10_000_000, label: "10 MB or more" },
  { value: 100_000_000, label: "100 MB or more" },
];

/** How to say an image or archive, and what is looked for in it, to the command line; null where a page has no words for it. */
export function filesCommand(of: LayersOf, scope: FileScope, filter: Pick<FileFilter, "text" | "content">): string | null {
  if (of.kind !== "image") return null;
  const words = ["longshore", "files", of.input];
  if (scope.kind === "layer") words.push("--layer", String(scope.layer));
  else if (scope.kind === "merged") words.push("--merged");
  if (filter.text !== "") words.push("--find", filter.text);
  if (filter.content !== null) words.push("--content", filter.content);
  if (of.platform !== null) words.push("--platform", of.platform);
  return commandLine(words);
}

/** The version of a file that a view shows; null where no layer of it has bytes. */
export function versionOf(history: readonly FileVersion[], scope: FileScope, layer: number | null): FileVersion | null {
  const top = layer ?? (scope.kind === "merged" ? Infinity : scope.kind === "between" ? scope.to : scope.layer);
  return history.find((version) => version.layer <= top && version.size !== null) ?? history.find(({ size }) => size !== null) ?? null;
}

const LANGUAGES: Record<string, string> = { json: "JSON", xml: "XML", html: "HTML", yaml: "YAML", toml: "TOML", css: "CSS", sql: "SQL", javascript: "JavaScript", typescript: "TypeScript", cpp: "C++", ini: "INI", php: "PHP" };

/** What a file turned out to be: `JSON`, `text`, `program`. */
export function previewWord(preview: FilePreview, kind: FileKind): string {
  switch (preview.kind) {
    case "text":
      return preview.language === null ? "text" : (LANGUAGES[preview.language] ?? upper(preview.language));
    case "image":
      return preview.mime.replace("image/", "").toUpperCase();
    case "program":
      return "program";
    case "packages":
      return "package database";
    case "hex":
      return shown(preview.what, 80).toLowerCase();
    case "nothing":
      return kindWord(kind);
  }
}
