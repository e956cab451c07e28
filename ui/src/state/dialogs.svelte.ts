// The dialogs that any page may ask for. They lie on one another, the newest on top; `features/Dialogs.svelte` draws them.

import type { Doing } from "../design/doing";
import type { DaemonImage, Fault, GivenFile, ImageLink, LookIn, SaveSource } from "../ipc/bindings";

export type Asked =
  /** Store to registry, planned before it moves. */
  | { kind: "push"; reference: string; destination?: string }
  /** Registry to registry; one or several full references. */
  | { kind: "copy"; references: string[]; destination?: string }
  /** A second name in the store. */
  | { kind: "tag"; reference: string }
  /** A second tag in the registry, with nothing pulled. */
  | { kind: "retag"; reference: string }
  | { kind: "sign-in"; host: string | null }
  /** Where the account of a host comes from. */
  | { kind: "trail"; host: string }
  /** How a host is spoken to. */
  | { kind: "host"; host: string }
  | { kind: "certificate"; host: string }
  | { kind: "trust-realm"; realm: string; host: string }
  | { kind: "add-registry" }
  | { kind: "free-space" }
  /** What a file holds, and what can be made of it. */
  | { kind: "archive"; file: GivenFile }
  /** One or several images to a file; `compare` opens with the two archives side by side. */
  | { kind: "save"; sources: SaveSource[]; compare?: boolean }
  /** A copy of an image for a container engine. */
  | { kind: "give"; daemon: string; input: string; platforms: string[] }
  /** An image of an engine, whose names stand for other images here. */
  | { kind: "take"; engine: string; image: DaemonImage }
  /** A page of the web that an image names. */
  | { kind: "link"; link: ImageLink; input: string; from: LookIn; platform: string | null }
  /** Something that a button could not do, and that has no place of its own. */
  | { kind: "failed"; fault: Fault; subject: string; verb: Doing }
  /** `repository` is canonical, `host/path`. */
  | { kind: "delete"; repository: string; tags: string[] };

/** One that is open. `id` keeps it apart from an equal one. */
export type Open = { id: number; asked: Asked; /** What it came to: true where something was done. */ done: (changed: boolean) => void };

export class Dialogs {
  stack = $state.raw<Open[]>([]);
  #next = 1;

  /** The one on top. */
  get current(): Asked | null {
    return this.stack.at(-1)?.asked ?? null;
  }

  /** Resolves when it closes: true where it did what it is for. */
  ask(asked: Asked): Promise<boolean> {
    return new Promise((resolve) => {
      const id = this.#next;
      this.#next += 1;
      this.stack = [...this.stack, { id, asked, done: resolve }];
    });
  }

  /** Closes the one on top, or `id`. */
  close(changed = false, id: number | undefined = this.stack.at(-1)?.id): void {
    const open = this.stack.find((each) => each.id === id);
    if (!open) return;
    this.stack = this.stack.filter((each) => each !== open);
    open.done(changed);
  }
}
