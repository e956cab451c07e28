// Everything that the window knows, made once for one host and handed down by context.

import { createContext, untrack } from "svelte";
import type { AppInfo, Comparison, CompareSide, DaemonView, ImageDetail, JobOutcome, LayersOf, LocalImage, PracticeShelf, PullRequest, ReferrerList, RegistryEntry } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";
import { elapsed } from "../lib/format";
import { withoutTag } from "../lib/segments";
import { Actions } from "./actions.svelte";
import { Kept, ReadCache } from "./cache";
import { Catalogs } from "./catalogs.svelte";
import { Dialogs } from "./dialogs.svelte";
import { Exchanges } from "./exchanges.svelte";
import { FileTree } from "./files.svelte";
import { GivenFiles } from "./given.svelte";
import { Jobs, type Job } from "./jobs.svelte";
import { Navigation, type Page } from "./navigation.svelte";
import { Network } from "./network.svelte";
import { Read } from "./reads.svelte";
import { Refusals, refusalTitle, type Asking, type Refusal } from "./refusals.svelte";
import { SettingsState } from "./settings.svelte";
import { TagList } from "./tags.svelte";

/** Each keeps its tags on the host's side. */
const OPEN_REPOSITORIES = 3;
const OPEN_TREES = 3;

export class App {
  readonly host: Host;
  readonly navigation = new Navigation();
  readonly settings: SettingsState;
  readonly jobs: Jobs;
  readonly refusals = new Refusals();
  readonly exchanges: Exchanges;
  readonly actions = new Actions();
  readonly dialogs = new Dialogs();
  readonly catalogs: Catalogs;
  readonly network: Network;
  readonly given: GivenFiles;

  readonly info: Read<AppInfo>;
  readonly registries: Read<RegistryEntry[]>;
  readonly images: Read<LocalImage[]>;
  readonly shelf: Read<PracticeShelf>;
  /** Container engines on this computer; mostly there are none. */
  readonly daemons: Read<DaemonView[]>;
  #wireForPage = false;
  readonly #details = new ReadCache<ImageDetail>();
  readonly #comparisons = new ReadCache<Comparison>(8);
  readonly #referrers = new ReadCache<ReferrerList>();
  readonly #tags = new Kept<TagList>(OPEN_REPOSITORIES, (list) => queueMicrotask(() => list.close()));
  readonly #trees = new Kept<FileTree>(OPEN_TREES, (tree) => queueMicrotask(() => tree.close()));

  /** The reference bar's panel is open: its Pull is then the one orange button. */
  barOpen = $state(false);
  /** Set by the reference bar: the caret goes there, with all of its text selected. */
  focusReference: () => void = () => undefined;
  /** Set by the reference bar: puts text into it and the caret behind. */
  editReference: (text: string) => void = () => undefined;
  /** Set by the platform picker. */
  openPlatforms: () => void = () => undefined;
  /** The platform of the next inspect or pull: one platform, or all of them. */
  platform = $state.raw<{ all: boolean; name: string | null }>({ all: false, name: null });
  /** The command line that does what was done last. */
  command = $state("");
  wire = $state<{ open: boolean; selected: number | null }>({ open: false, selected: null });
  /** The repository that changed last, canonical, and how often any did: its page asks again. */
  changed = $state.raw<{ repository: string; times: number }>({ repository: "", times: 0 });
  paletteOpen = $state(false);
  paletteQuery = $state("");
  /** Spoken politely. */
  announcement = $state("");

  constructor(host: Host) {
    this.host = host;
    this.settings = new SettingsState(host);
    this.jobs = new Jobs(host, {
      settled: (job, outcome) => this.#settled(job, outcome),
      quarter: (job, percent) => this.announce(`${job.head.title}: ${percent}%`),
    });
    this.exchanges = new Exchanges(host);
    this.catalogs = new Catalogs(host);
    this.network = new Network(host, () => void this.registries.refresh());
    this.info = new Read(() => host.call("app_info", {}));
    this.registries = new Read(() => host.call("list_registries", {}));
    this.images = new Read(() => host.call("list_images", {}));
    this.shelf = new Read(() => host.call("practice_shelf", {}));
    this.daemons = new Read(() => host.call("list_daemons", {}));
    this.given = new GivenFiles(host, this.dialogs);
  }

  /** Reads what is kept and begins to watch. */
  async start(): Promise<void> {
    this.exchanges.watch();
    this.given.watch();
    await Promise.all([this.settings.load(), this.jobs.load().catch(() => undefined)]);
    this.wire.open = this.settings.value.wireOpen;
    this.platform = { all: false, name: this.settings.value.platform };
  }

  /** The platform that is pulled when none is named. */
  get defaultPlatform(): string {
    return this.platform.name ?? this.settings.value.platform ?? this.info.value?.platform ?? "linux/amd64";
  }

  go(page: Page): void {
    this.#leavePage();
    this.navigation.go(page);
  }

  /** Opens an image's page, of the registry, the store, or whichever has it (`auto`). */
  inspect(input: string, options: Parameters<Navigation["openImage"]>[1] = {}): void {
    this.#leavePage();
    this.navigation.openImage(input, { platform: this.platform.name, ...options });
  }

  /** Opens a repository's tags. */
  openRepository(input: string): void {
    this.go({ kind: "repository", input: withoutTag(input) });
  }

  /** The tags of a repository; going back to it finds them as they were. */
  tags(input: string): TagList {
    return this.#tags.get(input, () => {
      const list = new TagList(this.host, input);
      // Not now: a `$derived` that asks for the list must not write.
      queueMicrotask(() => void list.open());
      return list;
    });
  }

  /** Grows when what is on screen is asked for again: whoever shows files reads them again. */
  refreshed = $state(0);

  /** What is inside layers; going back to it finds it as it was. `digest` tells two images of one name apart. */
  files(of: LayersOf, digest = ""): FileTree {
    return this.#trees.get(JSON.stringify([of, digest]), () => {
      const tree = new FileTree(this.host, of);
      // Now, so that the host works while the page is drawn; a `$derived` that asks for the tree reads nothing of it here.
      untrack(() => void tree.open());
      return tree;
    });
  }
  /** The same, where it is open already. */
  openFiles(of: LayersOf, digest = ""): FileTree | null {
    return this.#trees.known(JSON.stringify([of, digest]));
  }

  /** Opens two images side by side; without a second one it is picked there. */
  compare(a: CompareSide, b: CompareSide | null): void {
    this.go({ kind: "compare", a, b });
  }

  comparison(a: CompareSide, b: CompareSide): Read<Comparison> {
    return this.#comparisons.get(JSON.stringify([a, b]), () => this.host.call("compare_images", { a, b }));
  }

  /** Signatures, SBOMs and the like that name this image. */
  referrers(input: string, from: "registry" | "store" | "auto"): Read<ReferrerList> {
    return this.#referrers.get(JSON.stringify([input, from]), () => this.host.call("list_referrers", { input, from }));
  }

  image(input: string, from: "registry" | "store" | "auto", platform: string | null): Read<ImageDetail> {
    return this.#details.get(imageKey(input, from, platform), async () => {
      const detail = await this.host.call("inspect_image", { input, from, platform });
      // Only what was found is worth coming back to.
      if (this.settings.value.recent[0] !== input) void this.settings.remember(input);
      return detail;
    });
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
    const here = this.navigation.here();
    try {
      const id = await this.#startPull(request);
      this.arrive(here, { kind: "transfers", job: id });
      this.announce(`Pulling ${input}`);
    } catch (thrown) {
      this.refuse({ verb: "pull", request }, thrown, here);
    }
  }

  /** The id of its transfer; a pull of the same reference that is under way is that one. */
  async #startPull(request: PullRequest): Promise<number> {
    const known = this.jobs.activeFor(request.input);
    const id = known ? known.head.id : await this.jobs.pull(request);
    this.refusals.started("pull", request.input);
    return id;
  }

  /** Opens a page because an answer came, unless the user went elsewhere meanwhile. */
  arrive(here: () => boolean, page: Page): void {
    if (!here()) return;
    this.#leavePage();
    this.navigation.arrive(page);
  }

  /** Keeps why a transfer could not start, says it, and shows it to whoever still waits for it. */
  refuse(asked: Asking, thrown: unknown, here: () => boolean): void {
    const refusal = this.refusals.keep(asked, toFault(thrown));
    this.arrive(here, { kind: "refused", refusal });
    this.announce(`${refusalTitle(refusal)}: ${refusal.fault.message}`);
  }

  /** Asks again for what could not start. */
  retry({ asked }: Refusal): void {
    if (asked.verb === "pull") void this.pull(asked.request.input, asked.request);
    // A push begins with its plan: what is there may be another thing by now.
    else if (asked.verb === "push") void this.dialogs.ask({ kind: "push", reference: asked.source, destination: asked.destination });
    else void this.dialogs.ask({ kind: "copy", references: [asked.source], destination: asked.destination });
  }

  /** Opens the sign-in dialog; true where one is signed in afterwards that was not before. */
  signIn(host: string | null): Promise<boolean> {
    return this.dialogs.ask({ kind: "sign-in", host });
  }
  /** Shows a host's certificate; true where it is trusted now. */
  trustCertificate(host: string): Promise<boolean> {
    return this.dialogs.ask({ kind: "certificate", host });
  }
  /** Asks whether a token server may have the account of `host`. */
  trustRealm(realm: string, host: string): Promise<boolean> {
    return this.dialogs.ask({ kind: "trust-realm", realm, host });
  }
  /** True where bytes were given back. */
  freeSpace(): Promise<boolean> {
    return this.dialogs.ask({ kind: "free-space" });
  }
  /** Marks a host to be asked without TLS. False where that could not be kept. */
  allowPlainHttp(host: string): Promise<boolean> {
    return this.network.changeHost(host, { plainHttp: true });
  }

  /** Pulls several, one transfer each; the first that can't start is said, and stops no other. */
  async pullTags(references: string[]): Promise<void> {
    const [only] = references;
    if (references.length <= 1) return only === undefined ? undefined : this.pull(only);
    const { all, name } = this.platform;
    const here = this.navigation.here();
    let refused: Refusal | null = null;
    let first: number | null = null;
    for (const input of references) {
      const request: PullRequest = { input, platform: all ? null : name, allPlatforms: all, allTags: false };
      try {
        const id = await this.#startPull(request);
        first ??= id;
      } catch (thrown) {
        const refusal = this.refusals.keep({ verb: "pull", request }, toFault(thrown));
        refused ??= refusal;
      }
    }
    this.command = `longshore pull ${references.slice(0, 20).join(" ")}${references.length > 20 ? " …" : ""}`;
    this.arrive(here, first === null && refused ? { kind: "refused", refusal: refused } : { kind: "transfers", job: first });
    this.announce(refused ? `${refusalTitle(refused)}: ${refused.fault.message}` : `Pulling ${references.length} tags`);
  }

  /** The backticks of a fault's message are for the eye. */
  announce(sentence: string): void {
    this.announcement = sentence.replaceAll("`", "");
  }

  /** Opens Wire at an exchange for as long as this page is open; where Wire would cover the page it only selects. */
  showExchange(id: number): void {
    const covers = window.matchMedia("(max-width: 1119px)").matches;
    this.#wireForPage ||= !this.wire.open && !covers;
    this.wire = { open: this.wire.open || !covers, selected: id };
  }
  openWire(selected: number | null = this.wire.selected): void {
    this.#wireForPage = false;
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
    this.#forget();
    const { page } = this.navigation;
    this.#details.refreshOnly(page.kind === "image" ? imageKey(page.input, page.from, page.platform) : null);
  }

  /** A push, copy, retag or deletion changed a repository (`host/path`): what shows it asks again. */
  repositoryChanged(repository: string): void {
    this.changed = { repository, times: this.changed.times + 1 };
    this.#forget();
    this.catalogs.refresh();
    for (const list of this.#tags.all) {
      if (list.head !== null && `${list.head.host}/${list.head.repository}` === repository) void list.open();
    }
    const { page } = this.navigation;
    this.#details.refreshOnly(page.kind === "image" ? imageKey(page.input, page.from, page.platform) : null);
  }

  back(): void {
    this.#leavePage();
    this.navigation.back();
  }
  forward(): void {
    this.#leavePage();
    this.navigation.forward();
  }

  /** What was read of images that may be others now; an open page asks again. */
  #forget(): void {
    const { page } = this.navigation;
    this.#comparisons.refreshOnly(page.kind === "compare" ? JSON.stringify([page.a, page.b]) : null);
    this.#referrers.refreshOnly(page.kind === "image" ? JSON.stringify([page.input, page.from]) : null);
  }

  #leavePage(): void {
    if (!this.#wireForPage) return;
    this.#wireForPage = false;
    this.wire = { open: false, selected: null };
  }

  #settled(job: Job, outcome: JobOutcome): void {
    const { verb } = job.head;
    const DONE = { pull: "Pulled", push: "Pushed", copy: "Copied", load: "Loaded", import: "Imported", save: "Saved", export: "Exported" } as const;
    if (outcome.state === "done") {
      // An image that has no name stands for its file.
      if (job.head.reference !== job.head.source) void this.settings.remember(job.head.reference);
      this.announce(
        outcome.upToDate ? `${job.head.title} is up to date` : `${DONE[verb]} ${job.head.title} in ${elapsed(job.head.elapsed)}`,
      );
    } else if (outcome.state === "failed") {
      this.announce(`${job.head.title} was not ${DONE[verb].toLowerCase()}: ${outcome.fault?.message ?? "the transfer failed"}`);
      // Errors open Wire at the failing step.
      if (outcome.fault?.exchange != null && this.navigation.page.kind === "transfers") this.showExchange(outcome.fault.exchange);
    }
    // A transfer that was stopped may have brought whole layers too.
    if (verb === "pull" || verb === "load" || verb === "import") this.storeChanged();
    if (verb === "push" || verb === "copy" || verb === "load") this.repositoryChanged(withoutTag(job.head.reference));
  }
}

function imageKey(input: string, from: string, platform: string | null): string {
  return JSON.stringify([input, from, platform]);
}

/** How a page would be had in a terminal: empty where it can't be had yet, null where a page says its line itself or keeps the last. */
export function pageCommand(page: Page, practiceHost: string | null): string | null {
  switch (page.kind) {
    case "home":
      return practiceHost ? `curl http://${practiceHost}/v2/_catalog` : null;
    case "image":
      return page.from === "store" ? `docker image inspect ${page.input}` : `docker buildx imagetools inspect ${page.input}`;
    case "repository":
      return `skopeo list-tags docker://${page.input}`;
    case "compare":
      // With one of them picked there is nothing to compare yet, and the last page's command is not this one's.
      return page.a && page.b ? `longshore diff ${page.a.input} ${page.b.input}` : "";
    case "files":
      return null;
    case "images":
      return "docker image ls --digests";
    case "daemon":
    case "transfers":
    case "refused":
    case "settings":
      return null;
  }
}

/** The line that does this pull: Docker's, or Longshore's own where Docker can't do it. */
export function pullCommand(request: PullRequest): string {
  // `docker pull` takes one platform; every manifest of an index is for other tools.
  if (request.allPlatforms) return `longshore pull --all-platforms ${request.input}`;
  const words = ["docker", "pull"];
  if (request.allTags) words.push("--all-tags");
  if (request.platform) words.push("--platform", request.platform);
  words.push(request.input);
  return words.join(" ");
}

export const [useApp, provideApp] = createContext<App>();
