// The sheet of an archive with images: what is chosen, what that moves, and where it goes.

import type { ArchiveImage, ArchiveView } from "../../ipc/bindings";
import type { App } from "../../state/app.svelte";
import { allAble, allState, confirmation, firstChoice, NONE, toggled, toLoad, type Chosen } from "./choice";
import { Naming } from "../reference/naming.svelte";

export class Loading {
  readonly view: ArchiveView;
  readonly #app: App;
  chosen = $state.raw<Chosen>(NONE);
  /** Set while it goes straight to a registry. */
  destination = $state.raw<Naming | null>(null);
  /** What a move was agreed to for: another choice has to be agreed to anew. */
  #agreed = $state<string | null>(null);

  constructor(app: App, view: ArchiveView) {
    this.#app = app;
    this.view = view;
    this.chosen = firstChoice(view.images);
  }

  get all(): boolean | "mixed" {
    return allState(this.view.images, this.chosen);
  }
  toggle(index: number): void {
    this.chosen = toggled(this.chosen, index);
  }
  toggleAll(): void {
    this.chosen = this.all === true ? NONE : allAble(this.view.images);
  }

  /** Names on this computer that would move; a registry is not this computer. */
  asked = $derived.by(() => (this.destination === null ? confirmation(this.view.images, this.chosen) : null));
  get agreed(): boolean {
    return this.asked === null || this.#agreed === this.#subject;
  }
  set agreed(yes: boolean) {
    this.#agreed = yes ? this.#subject : null;
  }
  get #subject(): string {
    return JSON.stringify([...this.chosen].sort((a, b) => a - b));
  }

  /** The first image that is chosen. */
  get first(): ArchiveImage | undefined {
    return this.view.images.find(({ index }) => this.chosen.has(index)) ?? this.view.images[0];
  }
  /** The image's own name is offered: it is the one that the other side expects most often. */
  straight(): void {
    this.destination = new Naming(this.#app, this.first?.names.find(({ breakdown }) => breakdown !== null)?.breakdown?.familiar ?? "");
  }
  here(): void {
    this.destination = null;
  }

  /** Why it can't begin; null where it can. */
  get reason(): string | null {
    const { size } = this.chosen;
    if (this.destination !== null) {
      if (size !== 1) return size === 0 ? "Choose an image first" : "One image at a time goes to a registry: choose one";
      if (this.destination.text.trim() === "") return "Say where it goes first";
      return this.destination.canonical === null ? "The destination is no name yet" : null;
    }
    if (size === 0) return "Choose an image first";
    return this.agreed ? null : "Confirm the move first";
  }

  start(): Promise<number> {
    const request = {
      file: this.view.id,
      images: toLoad(this.view.images, this.chosen),
      replace: this.asked !== null && this.agreed,
      destination: this.destination?.text.trim() ?? null,
    };
    return this.#app.host.call("start_load", { request });
  }
}
