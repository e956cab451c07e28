// Every action of the window, in one place: the palette lists them, and their shortcuts work from
// here, so that neither can know one that the other does not.

import { SvelteSet } from "svelte/reactivity";
import type { IconName } from "../design/icons";
import { isTyping, matches } from "../lib/keys";

export type Action = {
  id: string;
  /** A verb with its object: `Copy digest`. */
  title: string;
  /** Heading in the palette: the object at hand, or `Anywhere`. */
  group: string;
  icon: IconName;
  /** `Mod+K`; several where one action has two. */
  keys?: string | string[];
  /** A sentence on what it does, shown with Tab. */
  more?: string;
  /** Drawn at the right where there is no shortcut. */
  note?: string;
  /** A reference instead of words. */
  reference?: string;
  run: () => void;
};

export class Actions {
  readonly #providers = new SvelteSet<() => Action[]>();

  /** Newest provider first: the open page's actions stand above the window's. */
  get all(): Action[] {
    return [...this.#providers].reverse().flatMap((provide) => provide());
  }

  /** For `$effect(() => app.actions.provide(() => […]))`: the actions go with the component. */
  provide(provider: () => Action[]): () => void {
    this.#providers.add(provider);
    return () => {
      this.#providers.delete(provider);
    };
  }

  /** Runs the action whose shortcut this is. A bare key is text while something is typed. */
  press(event: KeyboardEvent): boolean {
    if (event.defaultPrevented || event.isComposing) return false;
    for (const action of this.all) {
      for (const keys of [action.keys ?? []].flat()) {
        if (!keys.includes("+") && isTyping(event)) continue;
        if (!matches(event, keys)) continue;
        event.preventDefault();
        action.run();
        return true;
      }
    }
    return false;
  }
}
