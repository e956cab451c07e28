// The state of the reference bar: what is typed, what Rust says of it, and what is offered.

import type { Explanation, SegmentKind } from "../../ipc/bindings";
import type { App } from "../../state/app.svelte";
import { completion, suggest, type Suggestion } from "./suggest";
import { segmentAt, typedPieces } from "./typed";

export class ReferenceBar {
  input = $state("");
  explanation = $state.raw<Explanation | null>(null);
  open = $state(false);
  /** The row that Enter opens. */
  selected = $state(0);
  /** The segment under the pointer or with the focus. */
  pointed = $state<SegmentKind | null>(null);
  caret = $state(0);

  readonly #app: App;
  #turn = 0;

  constructor(app: App) {
    this.#app = app;
  }

  /** The explanation of exactly what is typed; null while Rust is asked. */
  get current(): Explanation | null {
    return this.explanation?.input === this.input ? this.explanation : null;
  }
  get breakdown() {
    return this.current?.breakdown ?? null;
  }
  pieces = $derived(typedPieces(this.input, this.explanation));

  suggestions: Suggestion[] = $derived.by(() =>
    suggest(this.input, this.explanation, {
      images: this.#app.images.value ?? [],
      shelf: this.#app.shelf.value,
      recent: this.#app.settings.value.recent,
    }),
  );
  completion = $derived(this.open ? completion(this.input, this.explanation, this.suggestions) : "");
  chosen: Suggestion | null = $derived(this.suggestions[this.selected] ?? null);

  /** The segment that is explained: the pointed one, the one at the caret, else what was left out. */
  explained: SegmentKind = $derived.by(() => {
    if (this.pointed) return this.pointed;
    const at = segmentAt(this.pieces, this.caret);
    if (at && this.caret < this.input.length) return at;
    const implied = this.breakdown?.implied ?? [];
    return (["namespace", "registry", "tag"] as const).find((kind) => implied.includes(kind)) ?? at ?? "repository";
  });

  /** Sets the text without opening the panel: the bar shows the open page. */
  show(text: string): void {
    this.open = false;
    this.set(text);
  }

  set(text: string): void {
    this.input = text;
    this.selected = 0;
    this.pointed = null;
    void this.#explain(text);
  }

  async #explain(text: string): Promise<void> {
    const turn = (this.#turn += 1);
    if (text === "") {
      this.explanation = null;
      return;
    }
    try {
      const explanation = await this.#app.host.call("explain_reference", { input: text });
      if (turn === this.#turn) this.explanation = explanation;
    } catch {
      // The bar goes on without colours; inspecting will say what is wrong.
      if (turn === this.#turn) this.explanation = null;
    }
  }

  move(by: number): void {
    const count = this.suggestions.length;
    if (count > 0) this.selected = (this.selected + by + count) % count;
  }

  /** Takes the ghost; false where there is none. */
  complete(): boolean {
    if (this.completion === "") return false;
    this.set(this.input + this.completion);
    return true;
  }

  /** What Enter means: the marked row, but what is typed while Rust has not answered for it yet. */
  get meant(): Suggestion | null {
    return this.current === null && this.selected === 0 ? null : this.chosen;
  }

  inspect(suggestion: Suggestion | null = this.meant): void {
    const input = suggestion?.input ?? this.input;
    if (input === "") return;
    this.open = false;
    if (suggestion?.tags) return this.#app.openRepository(input);
    this.#app.inspect(input, { from: suggestion?.from ?? "auto" });
  }

  pull(suggestion: Suggestion | null = this.meant): void {
    const input = suggestion?.input ?? this.input;
    if (input === "") return;
    this.open = false;
    void this.#app.pull(input);
  }
}
