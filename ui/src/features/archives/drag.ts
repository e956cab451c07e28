// Out of the window: an image, a layer or a file that is dragged becomes a file where it is dropped, written by Rust.
// Each has `Save as…` beside it for those who do not drag.

import type { Attachment } from "svelte/attachments";
import type { DragItem, SavedItem } from "../../ipc/bindings";
import { toFault } from "../../ipc/host";
import { plural } from "../../lib/format";
import type { App } from "../../state/app.svelte";

/** Makes an element draggable; `item` says what it stands for, null where there is nothing to drag. */
export function draggedOut(app: App, item: () => DragItem | null): Attachment<HTMLElement> {
  return (node) => {
    node.draggable = true;
    const start = (event: DragEvent) => {
      // The page's own drag would carry text; the system's carries the file.
      event.preventDefault();
      const what = item();
      if (what === null) return;
      void app.given.outward(app.host.call("drag_out", { item: what })).catch((thrown: unknown) => {
        void app.dialogs.ask({ kind: "failed", fault: toFault(thrown), subject: subjectOf(what), verb: "save" });
      });
    };
    node.addEventListener("dragstart", start);
    return () => node.removeEventListener("dragstart", start);
  };
}

/** The system's dialog asks where; said when it is there. */
export async function saveAs(app: App, item: DragItem): Promise<void> {
  try {
    const saved = await app.host.call("save_item", { item });
    if (saved !== null) app.announce(savedWords(saved));
  } catch (thrown) {
    void app.dialogs.ask({ kind: "failed", fault: toFault(thrown), subject: subjectOf(item), verb: "save" });
  }
}

/** What a screen reader is told, and what of a folder could not go along. */
export function savedWords({ place, leftOut }: SavedItem): string {
  if (leftOut.length === 0) return `Saved ${place}`;
  return `Saved ${place}, without ${plural(leftOut.length, "entry", "entries")}: ${leftOut.slice(0, 3).join("; ")}${leftOut.length > 3 ? " …" : ""}`;
}

const subjectOf = (item: DragItem): string => (item.kind === "image" ? item.source.input : item.kind === "layer" ? item.input : "the file");
