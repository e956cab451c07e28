// The sheet of a root filesystem: the name and the settings that it gets, as files alone carry none.

import type { ArchiveView } from "../../ipc/bindings";
import { shortDigest } from "../../lib/format";
import type { App } from "../../state/app.svelte";
import { changeLines, NO_SETTINGS, settingProblem, type Settings } from "./changes";
import { Naming } from "../reference/naming.svelte";

export class Importing {
  readonly view: ArchiveView;
  readonly #app: App;
  readonly naming: Naming;
  settings = $state<Settings>({ ...NO_SETTINGS });
  platform = $state<string>("");
  message = $state("");
  #agreed = $state<string | null>(null);

  constructor(app: App, view: ArchiveView) {
    this.#app = app;
    this.view = view;
    this.naming = new Naming(app, view.filesystem?.suggestedName ?? "");
    this.settings.command = view.filesystem?.command ?? "";
    this.platform = view.filesystem?.platform ?? app.defaultPlatform;
  }

  changes = $derived.by(() => changeLines(this.settings));
  /** The first field that is wrong. */
  get problem(): string | null {
    for (const field of Object.keys(this.settings) as (keyof Settings)[]) {
      const problem = settingProblem(field, this.settings[field]);
      if (problem !== null) return problem;
    }
    return null;
  }

  /** What the name stands for here now. */
  get previous(): string | null {
    const { canonical } = this.naming;
    return canonical === null ? null : (this.#app.images.value?.find(({ reference }) => reference === canonical)?.digest ?? null);
  }
  get asked(): string | null {
    return this.previous === null ? null : `Move \`${this.naming.text.trim()}\` from ${shortDigest(this.previous, 8)} to the imported image`;
  }
  get agreed(): boolean {
    return this.asked === null || this.#agreed === this.asked;
  }
  set agreed(yes: boolean) {
    this.#agreed = yes ? this.asked : null;
  }

  get reason(): string | null {
    if (this.naming.text.trim() === "") return "Type the name that it gets first";
    if (this.naming.canonical === null) return "This is no name yet";
    if (this.problem !== null) return "One of the settings is not right yet";
    return this.agreed ? null : "Confirm the move first";
  }

  start(): Promise<number> {
    const request = {
      file: this.view.id,
      name: this.naming.text.trim(),
      platform: this.platform,
      changes: this.changes,
      message: this.message.trim() === "" ? null : this.message.trim(),
      replace: this.previous !== null && this.agreed,
    };
    return this.#app.host.call("start_import", { request });
  }
}
