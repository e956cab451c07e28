// The dialogs that any page may ask for. They lie on one another, the newest on top; `features/Dialogs.svelte` draws them.

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
