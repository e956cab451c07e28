/** What can be done with files: for the palette, and for the menu of a row. */
import type { FileRow, FileScope, TreeLayer } from "../../ipc/bindings";
import type { MenuItem } from "../../design/MenuList.svelte";
import type { Action } from "../../state/actions.svelte";
import type { FileTree } from "../../state/files.svelte";
import { foldable } from "../../state/rows.svelte";
import { shown } from "../image/visible";
import { scopeLayers } from "./words";

const GROUP = "Files";

type Does = {
  find: () => void;
  show: (scope: FileScope) => void;
  map: () => void;
  waste: () => void;
  wasteOpen: boolean;
  duplicates: () => void;
  save: (row: FileRow) => void;
  saveLayer: (layer: number) => void;
};

/** While the tree is opened its find field is there already, and nothing else to be done. */
export function fileActions(tree: FileTree, does: Does): Action[] {
  const find: Action = { id: "files-find", title: "Find files", group: GROUP, icon: "search", keys: "Mod+F", more: "A part of a path, or a pattern such as *.conf, over all layers.", run: does.find };
  if (tree.state !== "ready") return tree.state === "loading" ? [find] : [];
  const layers = tree.head?.layers ?? [];
  const [layer] = scopeLayers(tree.scope);
  const actions: Action[] = [
    find,
    { id: "files-map", title: tree.mapped ? "Show the tree of files" : "Show a map of sizes", group: GROUP, icon: "treemap", run: does.map },
    { id: "files-waste", title: does.wasteOpen ? "Hide wasted space" : "Show wasted space", group: GROUP, icon: "trash", more: "What is stored and sent, but no container can see.", run: does.waste },
    { id: "files-duplicates", title: "Find duplicate files", group: GROUP, icon: "copy", run: does.duplicates },
    { id: "files-merged", title: "Show the files that a container sees", group: GROUP, icon: "layers", run: () => does.show({ kind: "merged" }) },
    ...layers.map(({ number, label }): Action => ({ id: `files-layer-${number}`, title: `Show layer ${number}: ${shown(label, 60)}`, group: GROUP, icon: "layers", run: () => does.show({ kind: "layer", layer: number }) })),
  ];
  const row = tree.mapped ? null : tree.rows.row(tree.rows.active);
  if (row !== null && isSaved(row)) {
    const folder = row.kind === "directory";
    actions.push({ id: "files-save", title: `Save ${shown(row.name, 60)}…`, group: GROUP, icon: "download", keys: "Mod+Shift+S", more: folder ? "The folder and all that is in it as a tar, as a container would see it." : "The file as it is shown.", run: () => does.save(row) });
  }
  if (layer !== undefined) actions.push({ id: "files-save-layer", title: `Save layer ${layer}…`, group: GROUP, icon: "download", more: "As it is stored, compressed.", run: () => does.saveLayer(layer) });
  return actions;
}

type RowDoes = { open: () => void; fold: () => void; save: () => void; copyPath: () => void };

export function fileMenu(row: FileRow, does: RowDoes): MenuItem[] {
  const items: MenuItem[] = [{ label: row.kind === "directory" ? "Show folder" : "Show file", icon: "eye", run: does.open }];
  if (foldable(row)) items.push({ label: row.open ? "Close folder" : "Open folder", icon: row.open ? "folder" : "folder-open", run: does.fold });
  items.push(
    { label: row.kind === "directory" ? "Save folder…" : "Save file…", icon: "download", keys: "Mod+Shift+S", reason: isSaved(row) ? null : row.change === "removed" ? "This layer removed it" : "Only files and folders can be saved", separated: true, run: does.save },
    { label: "Copy path", icon: "copy", run: does.copyPath },
  );
  return items;
}

const isSaved = (row: FileRow) => row.change !== "removed" && (row.kind === "directory" || row.kind === "file" || row.kind === "hardlink");

type LayerDoes = { show: (scope: FileScope) => void; save: (layer: number) => void; copyDigest: (digest: string) => void };

/** What can be done with a layer of the list. */
export function layerMenu(layer: TreeLayer, scope: FileScope, does: LayerDoes): MenuItem[] {
  const { number } = layer;
  const [other] = scopeLayers(scope).filter((each) => each !== number);
  const items: MenuItem[] = [
    { label: "Show its changes", icon: "layers", run: () => does.show({ kind: "layer", layer: number }) },
    { label: "Show the state up to it", icon: "folder-open", run: () => does.show({ kind: "upto", layer: number }) },
  ];
  // The layer that is shown, or else the base.
  const from = other ?? 1;
  if (from !== number) items.push({ label: `Compare with layer ${from}`, icon: "compare", run: () => does.show({ kind: "between", from: Math.min(from, number), to: Math.max(from, number) }) });
  items.push(
    { label: "Save layer…", icon: "download", separated: true, run: () => does.save(number) },
    { label: "Copy digest", icon: "copy", run: () => does.copyDigest(layer.digest) },
  );
  return items;
}
