/** The header's menu: what is done with an image less often than its one or two buttons. Pure. */
import type { ImageDetail } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";
import type { MenuItem } from "../../design/MenuList.svelte";
import { isLocal } from "../layers/stack";

/** What the page can do; null where it can't be done with this image. */
export type ImageDoes = {
  pull: () => void;
  push: (() => void) | null;
  copyTo: (() => void) | null;
  tag: (() => void) | null;
  retag: (() => void) | null;
  save: (() => void) | null;
  /** both archives side by side */
  saveCompare: (() => void) | null;
  /** to each container engine that is there */
  give: readonly { name: string; run: () => void }[];
  remove: (() => void) | null;
  compare: () => void;
  tags: () => void;
  copy: (text: string) => void;
};

export function imageMenu(detail: ImageDetail, does: ImageDoes): MenuItem[] {
  const items: MenuItem[] = [];
  const add = (label: string, icon: IconName, run: (() => void) | null, part: { keys?: string; danger?: boolean; separated?: boolean } = {}) => {
    if (run) items.push({ label, icon, run, ...part });
  };
  // The header's own button has the other of the two.
  if (detail.from === "store") add("Copy to another registry…", "copy-plus", does.copyTo);
  else if (isLocal(detail)) add("Push…", "push", does.push, { keys: "Mod+Shift+P" });
  add("Tag on this computer…", "tag", does.tag, { keys: "Mod+Shift+T" });
  add("Retag in the registry…", "tag", does.retag);
  add("Save and export side by side…", "archive", does.saveCompare, { separated: items.length > 0 });
  for (const { name, run } of does.give) add(`Give to ${name}…`, "box", run);
  if (detail.manifest !== null && detail.from === "store") add("Pull again", "pull", does.pull, { separated: items.length > 0 });
  if (detail.manifest !== null) add("Compare with…", "compare", does.compare, { separated: detail.from !== "store" && items.length > 0 });
  add("Show all tags", "tag", does.tags);
  add("Copy docker pull command", "terminal", () => does.copy(`docker pull ${detail.familiar}`));
  add("Remove from this computer…", "trash", does.remove, { danger: true, separated: true });
  return items;
}
