// Out of the window: an image, a layer or a file that is dragged becomes a file where it is dropped, written by Rust.
// Each has `Save as…` beside it for those who do not drag.

import type { Attachment } from "svelte/attachments";
import type { DragItem } from "../../ipc/bindings";
import { toFault } from "../../ipc/host";
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
    const name = await app.host.call("save_item", { item });
    if (name !== null) app.announce(`Saved ${name}`);
  } catch (thrown) {
    void app.dialogs.ask({ kind: "failed", fault: toFault(thrown), subject: subjectOf(item), verb: "save" });
  }
}

const subjectOf = (item: DragItem): string => (item.kind === "image" ? item.source.input : item.kind === "layer" ? item.input : "the file");
