// The dialogs that any page may ask for. One at a time; `features/Dialogs.svelte` draws it.

export type Asked =
  /** Store to registry, planned before it moves. */
  | { kind: "push"; reference: string }
  /** Registry to registry; one or several full references. */
  | { kind: "copy"; references: string[] }
  /** A second name in the store. */
  | { kind: "tag"; reference: string }
  /** A second tag in the registry, with nothing pulled. */
  | { kind: "retag"; reference: string }
  | { kind: "sign-in"; host: string }
  /** Where the account of a host comes from. */
  | { kind: "trail"; host: string }
  /** `repository` is canonical, `host/path`. */
  | { kind: "delete"; repository: string; tags: string[] };

export class Dialogs {
  current = $state.raw<Asked | null>(null);

  ask(asked: Asked): void {
    this.current = asked;
  }

  close(): void {
    this.current = null;
  }
}
