// Everything that the window knows, made once for one host and handed down by context.

import { createContext } from "svelte";
import type { AppInfo, Fault, ImageDetail, JobOutcome, LocalImage, PracticeShelf, PullRequest, RegistryEntry } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";
import { elapsed } from "../lib/format";
import { Actions } from "./actions.svelte";
import { ReadCache } from "./cache";
import { Exchanges } from "./exchanges.svelte";
import { Jobs, type Job } from "./jobs.svelte";
import { Navigation, type Page } from "./navigation.svelte";
import { Read } from "./reads.svelte";
import { SettingsState } from "./settings.svelte";

/** A fault, and the name of what was asked for. */
export type FaultReport = { fault: Fault; subject: string };

export class App {
  readonly host: Host;
  readonly navigation = new Navigation();
  readonly settings: SettingsState;
  readonly jobs: Jobs;
  readonly exchanges: Exchanges;
  readonly actions = new Actions();

  readonly info: Read<AppInfo>;
  readonly registries: Read<RegistryEntry[]>;
  readonly images: Read<LocalImage[]>;
  readonly shelf: Read<PracticeShelf>;
  readonly #details = new ReadCache<ImageDetail>();

  /** What the reference bar holds; the bar follows the open page until something is typed. */
  input = $state("");
  /** The platform of the next inspect or pull: one platform, or all of them. */
  platform = $state.raw<{ all: boolean; name: string | null }>({ all: false, name: null });
  /** The command line that does what was done last. */
  command = $state("");
  wire = $state<{ open: boolean; selected: number | null }>({ open: false, selected: null });
  paletteOpen = $state(false);
  /** Spoken politely. */
  announcement = $state("");
  /** A pull that could not even start: drawn where a page would be, until another page opens. */
  refused = $state.raw<FaultReport | null>(null);

  constructor(host: Host) {
    this.host = host;
    this.settings = new SettingsState(host);
    this.jobs = new Jobs(host, (job, outcome) => this.#settled(job, outcome));
    this.exchanges = new Exchanges(host);
    this.info = new Read(() => host.call("app_info", {}));
    this.registries = new Read(() => host.call("list_registries", {}));
    this.images = new Read(() => host.call("list_images", {}));
    this.shelf = new Read(() => host.call("practice_shelf", {}));
  }

  /** Reads what is kept and begins to watch. */
  async start(): Promise<void> {
    this.exchanges.watch();
    await Promise.all([this.settings.load(), this.jobs.load().catch(() => undefined)]);
    this.wire.open = this.settings.value.wireOpen;
    this.platform = { all: false, name: this.settings.value.platform };
  }

  /** The platform that is pulled when none is named. */
  get defaultPlatform(): string {
    return this.platform.name ?? this.settings.value.platform ?? this.info.value?.platform ?? "linux/amd64";
  }

  go(page: Page): void {
    this.refused = null;
    this.navigation.go(page);
  }

  /** Opens an image's page, of the registry, the store, or whichever has it (`auto`). */
  inspect(input: string, options: Parameters<Navigation["openImage"]>[1] = {}): void {
    this.refused = null;
    this.navigation.openImage(input, { platform: this.platform.name, ...options });
    void this.settings.remember(input);
  }

  image(input: string, from: "registry" | "store" | "auto", platform: string | null): Read<ImageDetail> {
    return this.#details.get(JSON.stringify([input, from, platform]), () =>
      this.host.call("inspect_image", { input, from, platform }),
    );
  }

  /** Starts a pull and shows it; a pull of the same reference that is under way is shown instead. */
  async pull(input: string, options: Partial<Omit<PullRequest, "input">> = {}): Promise<void> {
    const request: PullRequest = {
      input,
      platform: options.platform ?? this.platform.name,
      allPlatforms: options.allPlatforms ?? this.platform.all,
      allTags: options.allTags ?? false,
    };
    if (request.allPlatforms) request.platform = null;
    this.command = pullCommand(request);
    try {
      const known = this.jobs.activeFor(input);
      const id = known ? known.head.id : await this.jobs.pull(request);
      this.go({ kind: "transfers", job: id });
      this.announce(`Pulling ${input}`);
      void this.settings.remember(input);
    } catch (thrown) {
      this.refused = { fault: toFault(thrown), subject: input };
    }
  }

  announce(sentence: string): void {
    this.announcement = sentence;
  }

  openWire(selected: number | null = this.wire.selected): void {
    this.wire = { open: true, selected };
    void this.settings.change({ wireOpen: true });
  }
  closeWire(): void {
    this.wire = { open: false, selected: this.wire.selected };
    void this.settings.change({ wireOpen: false });
  }

  /** What is on this computer changed: everything that shows it asks again. */
  storeChanged(): void {
    void this.images.refresh();
    void this.shelf.refresh();
    this.#details.refresh();
  }

  #settled(job: Job, outcome: JobOutcome): void {
    if (outcome.state === "done") {
      this.announce(
        outcome.upToDate ? `${job.head.title} is up to date` : `Pulled ${job.head.title} in ${elapsed(job.head.elapsed)}`,
      );
    } else if (outcome.state === "failed") {
      this.announce(`${job.head.title} was not pulled: ${outcome.fault?.message ?? "the transfer failed"}`);
      // Errors open Wire at the failing step.
      if (outcome.fault?.exchange != null) this.wire = { open: true, selected: outcome.fault.exchange };
    }
    // A transfer that was stopped may have brought whole layers too.
    this.storeChanged();
  }
}

/** The `docker` line for a pull. */
export function pullCommand(request: PullRequest): string {
  const words = ["docker", "pull"];
  if (request.allTags) words.push("--all-tags");
  if (request.platform && !request.allPlatforms) words.push("--platform", request.platform);
  words.push(request.input);
  return words.join(" ");
}

export const [useApp, provideApp] = createContext<App>();
