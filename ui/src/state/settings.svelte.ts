// Settings as they are on disk. A change shows at once and is written behind; a refused write is kept
// as `fault` and the value stays for this session.

import type { Fault, Settings, Theme } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";

const DEFAULTS: Settings = { theme: "system", platform: null, plainHttp: [], recent: [], pinned: [], registries: [], wireOpen: false, listPulled: true };
const RECENT = 30;

export class SettingsState {
  value = $state.raw<Settings>(DEFAULTS);
  loaded = $state(false);
  fault = $state.raw<Fault | null>(null);
  /** What the system asks for; follows it while the window is open. */
  systemDark = $state(false);

  readonly #host: Host;
  #writing: Promise<void> = Promise.resolve();

  constructor(host: Host) {
    this.#host = host;
  }

  get theme(): "light" | "dark" {
    const { theme } = this.value;
    if (theme !== "system") return theme;
    return this.systemDark ? "dark" : "light";
  }

  async load(): Promise<void> {
    try {
      this.value = await this.#host.call("read_settings", {});
    } catch (thrown) {
      this.fault = toFault(thrown);
    }
    this.loaded = true;
  }

  /** Writes in turn, so that the newest value is the one that stays. */
  async change(part: Partial<Settings>): Promise<void> {
    this.value = { ...this.value, ...part };
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#host.call("write_settings", { settings: this.value });
        this.fault = null;
      } catch (thrown) {
        this.fault = toFault(thrown);
      }
    });
    await this.#writing;
  }

  setTheme(theme: Theme): Promise<void> {
    return this.change({ theme });
  }

  /** Pins a repository (`host/path`) to the sidebar, or takes it off. */
  togglePin(repository: string): Promise<void> {
    const { pinned } = this.value;
    return this.change({ pinned: pinned.includes(repository) ? pinned.filter((known) => known !== repository) : [...pinned, repository] });
  }

  /** Puts a reference at the head of the recent ones. */
  remember(reference: string): Promise<void> {
    const rest = this.value.recent.filter((known) => known !== reference);
    return this.change({ recent: [reference, ...rest].slice(0, RECENT) });
  }
}
