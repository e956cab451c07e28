/** What can be done with tags: one list for the row's menu, one for the palette. */
import type { RepositoryHead, TagRow } from "../../ipc/bindings";
import type { MenuItem } from "../../design/MenuList.svelte";
import type { Action } from "../../state/actions.svelte";
import { count } from "../../lib/format";
import { canonical, tagged } from "./table";

/** Each takes tags by name. */
export type TagDoes = {
  open: (tags: string[]) => void;
  pull: (tags: string[]) => void;
  compare: (tags: string[]) => void;
  copyTo: (tags: string[]) => void;
  retag: (tags: string[]) => void;
  remove: (tags: string[]) => void;
  copyText: (text: string, what: string) => void;
};

const UNREAD = "Its details are not read yet";

export function tagMenu(head: Pick<RepositoryHead, "familiar" | "host" | "repository">, row: TagRow, does: TagDoes): MenuItem[] {
  const { tag, digest } = row;
  const unread = digest === null ? UNREAD : null;
  return [
    { label: "Open image", icon: "layers", keys: "Enter", run: () => does.open([tag]) },
    { label: "Pull", icon: "pull", run: () => does.pull([tag]) },
    { label: "Compare with…", icon: "compare", run: () => does.compare([tag]) },
    { label: "Copy reference", icon: "copy", separated: true, run: () => does.copyText(tagged(head, tag), "reference") },
    { label: "Copy digest", icon: "fingerprint", reason: unread, run: () => does.copyText(digest ?? "", "digest") },
    { label: "Copy pinned reference", icon: "copy", reason: unread, run: () => does.copyText(`${head.familiar}@${digest ?? ""}`, "pinned reference") },
    { label: "Retag…", icon: "tag", separated: true, run: () => does.retag([tag]) },
    { label: "Copy to…", icon: "copy-plus", run: () => does.copyTo([tag]) },
    { label: "Delete…", icon: "trash", keys: "Delete", danger: true, separated: true, run: () => does.remove([tag]) },
  ];
}

type PageDoes = {
  chosen: number;
  row: TagRow | null;
  filter: () => void;
  group: () => void;
  pullAll: () => void;
  togglePin: () => void;
  pinned: boolean;
  /** Runs with the chosen tags, once they are known by name. */
  onChosen: (act: (tags: string[]) => void) => void;
  does: TagDoes;
};

export function repositoryActions(head: RepositoryHead, page: PageDoes): Action[] {
  const group = head.familiar;
  const { does } = page;
  const actions: Action[] = [
    { id: "tags-filter", title: "Filter tags", group, icon: "filter", keys: "/", run: page.filter },
    { id: "tags-group", title: "Group tags by digest", group, icon: "equal", more: "Tags that point to one digest stand beside one another.", run: page.group },
    { id: "tags-pull-all", title: "Pull all tags…", group, icon: "boxes", run: page.pullAll },
    { id: "tags-pin", title: page.pinned ? "Unpin from the sidebar" : "Pin to the sidebar", group, icon: page.pinned ? "pin-off" : "pin", run: page.togglePin },
    { id: "tags-copy-name", title: "Copy repository name", group, icon: "copy", run: () => does.copyText(head.familiar, "repository name") },
    { id: "tags-copy-command", title: "Copy list command", group, icon: "terminal", run: () => does.copyText(`skopeo list-tags docker://${canonical(head)}`, "command") },
  ];
  if (page.chosen > 0) {
    const what = page.chosen === 1 ? "the chosen tag" : `the ${count(page.chosen)} chosen tags`;
    actions.push(
      { id: "tags-pull", title: `Pull ${what}`, group, icon: "pull", keys: "Mod+Enter", run: () => page.onChosen(does.pull) },
      { id: "tags-copy", title: `Copy ${what} to…`, group, icon: "copy-plus", run: () => page.onChosen(does.copyTo) },
      { id: "tags-delete", title: `Delete ${what}…`, group, icon: "trash", run: () => page.onChosen(does.remove) },
    );
    if (page.chosen === 2) actions.push({ id: "tags-compare", title: "Compare the two chosen tags", group, icon: "compare", run: () => page.onChosen(does.compare) });
  } else if (page.row) {
    const { tag } = page.row;
    actions.push(
      { id: "tag-open", title: `Open ${tag}`, group, icon: "layers", run: () => does.open([tag]) },
      { id: "tag-pull", title: `Pull ${tag}`, group, icon: "pull", run: () => does.pull([tag]) },
      { id: "tag-compare", title: `Compare ${tag} with…`, group, icon: "compare", run: () => does.compare([tag]) },
      { id: "tag-retag", title: `Retag ${tag}…`, group, icon: "tag", run: () => does.retag([tag]) },
      { id: "tag-delete", title: `Delete ${tag}…`, group, icon: "trash", run: () => does.remove([tag]) },
    );
  }
  return actions;
}
