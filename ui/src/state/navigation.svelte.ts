// Where the window is, and the way back. A page names things by reference or id, never by path.

import type { CompareSide, LayersOf } from "../ipc/bindings";
import type { Refusal } from "./refusals.svelte";

export type ImageTab = "overview" | "layers" | "files" | "manifest" | "referrers";

export type Page =
  | { kind: "home" }
  | {
      kind: "image";
      /** What was asked for: a reference as typed, or a canonical name from a list. */
      input: string;
      from: "registry" | "store" | "auto";
      platform: string | null;
      tab: ImageTab;
    }
  /** `input` names a repository; a tag in it is not looked at. */
  | { kind: "repository"; input: string }
  /** A side that is null is still to be picked. */
  | { kind: "compare"; a: CompareSide | null; b: CompareSide | null }
  /** What is inside an archive that was given to the window; `title` names it until it is read. */
  | { kind: "files"; of: LayersOf; title: string }
  | { kind: "images" }
  /** What a container engine on this computer has; `id` is of `list_daemons`. */
  | { kind: "daemon"; id: string }
  /** `job` is the one shown in full; null shows the newest. */
  | { kind: "transfers"; job: number | null }
  /** A transfer that could not even start: there is none to show, so the fault is the page. */
  | { kind: "refused"; refusal: Refusal }
  | { kind: "settings" };

const DEPTH = 100;

export class Navigation {
  page = $state.raw<Page>({ kind: "home" });
  #behind = $state.raw<Page[]>([]);
  #ahead = $state.raw<Page[]>([]);
  /** How often the user moved, whether or not that opened another page. */
  #moves = 0;

  get canBack(): boolean {
    return this.#behind.length > 0;
  }
  get canForward(): boolean {
    return this.#ahead.length > 0;
  }

  /** For what is answered later: whether the user is still where it was asked. */
  here(): () => boolean {
    const moves = this.#moves;
    return () => moves === this.#moves;
  }

  /** Opens a page. Opening the one that is open already leaves no step to go back to. */
  go(page: Page): void {
    this.#moves += 1;
    this.arrive(page);
  }

  /** Opens a page because an answer came: that is no move of the user, so other answers are still awaited here. */
  arrive(page: Page): void {
    if (JSON.stringify(page) === JSON.stringify(this.page)) return;
    this.#behind = [...this.#behind, this.page].slice(-DEPTH);
    this.#ahead = [];
    this.page = page;
  }

  /** Changes the open page in place: another tab or platform of the same image is not a step. */
  replace(page: Page): void {
    this.#moves += 1;
    this.page = page;
  }

  openImage(input: string, options: { from?: "registry" | "store" | "auto"; platform?: string | null; tab?: ImageTab } = {}): void {
    this.go({
      kind: "image",
      input,
      from: options.from ?? "auto",
      platform: options.platform ?? null,
      tab: options.tab ?? "overview",
    });
  }

  back(): void {
    this.#moves += 1;
    const page = this.#behind.at(-1);
    if (!page) return;
    this.#ahead = [this.page, ...this.#ahead];
    this.#behind = this.#behind.slice(0, -1);
    this.page = page;
  }

  forward(): void {
    this.#moves += 1;
    const page = this.#ahead[0];
    if (!page) return;
    this.#behind = [...this.#behind, this.page];
    this.#ahead = this.#ahead.slice(1);
    this.page = page;
  }
}
