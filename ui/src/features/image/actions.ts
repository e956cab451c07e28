/** The image page's actions for the palette, and the command line that says the same as each tab. */
import type { ImageDetail } from "../../ipc/bindings";
import type { Action } from "../../state/actions.svelte";
import type { ImageTab } from "../../state/navigation.svelte";
import { nameParts } from "./facts";
import type { ImageDoes } from "./menu";

export function tabCommand(tab: ImageTab, detail: ImageDetail): string {
  switch (tab) {
    case "overview":
      return detail.from === "store" ? `docker image inspect ${detail.familiar}` : `docker buildx imagetools inspect ${detail.familiar}`;
    case "layers":
      return `docker history --no-trunc ${detail.familiar}`;
    case "files":
      return `longshore files ${detail.familiar} --merged`;
    case "manifest":
      return detail.index !== null && detail.manifest !== null
        ? `crane manifest --platform ${detail.manifest.platform} ${detail.familiar}`
        : `crane manifest ${detail.familiar}`;
    case "referrers":
      return `longshore referrers ${detail.familiar}`;
  }
}

/** The name with the digest: the same bytes for ever. */
export const pinned = (detail: ImageDetail): string => `${nameParts(detail.reference).withoutTag}@${detail.digest}`;

type Does = ImageDoes & {
  show: (tab: ImageTab) => void;
  openDocument: (digest: string) => void;
};

export function imageActions(detail: ImageDetail, does: Does): Action[] {
  const group = detail.familiar;
  const actions: Action[] = [
    { id: "image-pull", title: detail.local === "absent" ? "Pull this image" : "Pull this image again", group, icon: "pull", note: "Moves what is missing", run: does.pull },
    ...(does.push ? [{ id: "image-push", title: "Push to a registry…", group, icon: "push" as const, keys: "Mod+Shift+P", more: "Shows first what exists there, what would be uploaded, and which tags would move.", run: does.push }] : []),
    ...(does.copyTo ? [{ id: "image-copy-to", title: "Copy to another repository or registry…", group, icon: "copy-plus" as const, more: "From registry to registry; nothing is stored here.", run: does.copyTo }] : []),
    ...(does.tag ? [{ id: "image-tag", title: "Tag on this computer…", group, icon: "tag" as const, keys: "Mod+Shift+T", run: does.tag }] : []),
    ...(does.save ? [{ id: "image-save", title: "Save to a file…", group, icon: "archive" as const, keys: "Mod+S", more: "An archive that docker load, Podman, skopeo and OCI tools read; or the files alone.", run: does.save }] : []),
    ...(does.saveCompare ? [{ id: "image-save-compare", title: "Save and export side by side…", group, icon: "compare" as const, more: "What each archive has inside, and what each loses.", run: does.saveCompare }] : []),
    ...does.give.map(({ name, run }): Action => ({ id: `image-give-${name}`, title: `Give to ${name}…`, group, icon: "box", run })),
    ...(does.retag ? [{ id: "image-retag", title: "Retag in the registry…", group, icon: "tag" as const, more: "Gives the same image another tag there, without pulling it.", run: does.retag }] : []),
    { id: "image-copy-digest", title: "Copy digest", group, icon: "copy", run: () => does.copy(detail.digest) },
    { id: "image-copy-pinned", title: "Copy pinned reference", group, icon: "copy", note: "Name and digest", run: () => does.copy(pinned(detail)) },
    { id: "image-copy-command", title: "Copy docker command", group, icon: "terminal", run: () => does.copy(`docker pull ${detail.familiar}`) },
  ];
  if (detail.manifest !== null) {
    actions.push(
      { id: "image-overview", title: "Show overview", group, icon: "info", run: () => does.show("overview") },
      { id: "image-layers", title: "Show layers", group, icon: "layers", run: () => does.show("layers") },
      { id: "image-files", title: "Show files", group, icon: "tree", more: "What is inside the layers, without pulling them.", run: () => does.show("files") },
    );
  }
  actions.push({ id: "image-manifest", title: "Show manifest", group, icon: "file-json", run: () => does.show("manifest") });
  if (detail.config !== null) {
    const { digest } = detail.config;
    actions.push({ id: "image-config", title: "Show config", group, icon: "file-json", run: () => does.openDocument(digest) });
  }
  actions.push(
    { id: "image-referrers", title: "Show referrers", group, icon: "link", more: "Signatures, SBOMs and attestations that name this image.", run: () => does.show("referrers") },
    { id: "image-tags", title: "Show every tag of this repository", group, icon: "tree", run: does.tags },
  );
  if (detail.manifest !== null) actions.push({ id: "image-compare", title: "Compare with…", group, icon: "compare", more: "Layers and config beside those of another image.", run: does.compare });
  if (does.remove) actions.push({ id: "image-remove", title: "Remove from this computer…", group, icon: "trash", run: does.remove });
  return actions;
}
