/** What can be done with files: for the palette, and for the menu of a row. */
import type { FileRow, FileScope } from "../../ipc/bindings";
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
  saveLayer: (layer: number) => void;
};

export function fileActions(tree: FileTree, does: Does): Action[] {
  const layers = tree.head?.layers ?? [];
  const [layer] = scopeLayers(tree.scope);
  const actions: Action[] = [
    { id: "files-find", title: "Find files", group: GROUP, icon: "search", keys: "Mod+F", more: "A part of a path, or a pattern such as *.conf, over all layers.", run: does.find },
    { id: "files-map", title: tree.mapped ? "Show the tree of files" : "Show a map of sizes", group: GROUP, icon: "treemap", run: does.map },
    { id: "files-waste", title: does.wasteOpen ? "Hide wasted space" : "Show wasted space", group: GROUP, icon: "trash", more: "What is stored and sent, but no container can see.", run: does.waste },
    { id: "files-duplicates", title: "Find duplicate files", group: GROUP, icon: "copy", run: does.duplicates },
    { id: "files-merged", title: "Show the files that a container sees", group: GROUP, icon: "layers", run: () => does.show({ kind: "merged" }) },
    ...layers.map(({ number, label }): Action => ({ id: `files-layer-${number}`, title: `Show layer ${number}: ${shown(label, 60)}`, group: GROUP, icon: "layers", run: () => does.show({ kind: "layer", layer: number }) })),
  ];
  if (layer !== undefined && tree.of.kind === "image") actions.push({ id: "files-save-layer", title: `Save layer ${layer}…`, group: GROUP, icon: "download", more: "As it is stored, compressed.", run: () => does.saveLayer(layer) });
  return actions;
}

type RowDoes = { open: () => void; fold: () => void; save: () => void; copyPath: () => void };

export function fileMenu(row: FileRow, does: RowDoes): MenuItem[] {
  const items: MenuItem[] = [{ label: row.kind === "directory" ? "Show folder" : "Show file", icon: "eye", run: does.open }];
  if (foldable(row)) items.push({ label: row.open ? "Close folder" : "Open folder", icon: row.open ? "folder" : "folder-open", run: does.fold });
  const kept = row.kind === "directory" || row.kind === "file" || row.kind === "hardlink";
  items.push(
    { label: row.kind === "directory" ? "Save folder…" : "Save file…", icon: "download", reason: kept ? null : "Only files and folders can be saved", separated: true, run: does.save },
    { label: "Copy path", icon: "copy", run: does.copyPath },
  );
  return items;
}
