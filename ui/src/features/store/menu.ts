/** What a row of the local images offers. Pure. */
import type { LocalImage } from "../../ipc/bindings";
import type { MenuItem } from "../../design/MenuList.svelte";
import { targetOf } from "./list";

export type RowDoes = { open: () => void; push: () => void; tag: () => void; save: () => void; /** to each container engine that is there */ give: readonly { name: string; run: () => void }[]; copy: (text: string) => void; remove: () => void };

export function rowMenu(image: LocalImage, does: RowDoes): MenuItem[] {
  const give = does.give.map(({ name, run }) => ({ label: `Give to ${name}…`, icon: "box" as const, run }));
  return [
    { label: "Open", icon: "layers", keys: "Enter", run: does.open },
    { label: "Push…", icon: "push", keys: "Mod+Shift+P", separated: true, run: does.push },
    { label: "Tag…", icon: "tag", keys: "Mod+Shift+T", run: does.tag },
    { label: "Save to a file…", icon: "archive", keys: "Mod+S", separated: true, run: does.save },
    ...give,
    { label: "Copy reference", icon: "copy", separated: true, run: () => does.copy(targetOf(image)) },
    { label: "Copy digest", icon: "copy", run: () => does.copy(image.digest) },
    { label: "Remove…", icon: "trash", keys: "Delete", danger: true, separated: true, run: does.remove },
  ];
}
