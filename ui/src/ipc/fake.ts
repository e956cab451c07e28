// The host without Rust: a believable practice registry in memory, for unit tests and for
// `npm run dev` in a plain browser. It is never part of the app's bundle.

import type { Commands, Fault, FilesEvent, FaultCode, LocalImage, RateLimit, RegistryEntry, Settings } from "./bindings";
import type { CallArguments, CallName, CallResult, Host } from "./host";
import { fakeArchives, type FakeArchivesOptions } from "./fake/archive";
import { fakeAccounts, type FakeAccountsOptions } from "./fake/accounts";
import { CATALOG, HOST, PLATFORM, imageDetail, layersOf, localImage, practiceImage, referenceOf, rootDigest, type FakeImage } from "./fake/catalog";
import { compareImages } from "./fake/compare";
import { fakeExplorer } from "./fake/explorer";
import { fakeFiles, type FakeFilesOptions } from "./fake/files";
import { update, type FakeJob } from "./fake/job";
import { runPull } from "./fake/pull";
import { fakePush } from "./fake/push";
import { explain } from "./fake/reference";
import { PLAIN } from "./fake/tags";
import { FakeWire } from "./fake/wire";

export function fault(code: FaultCode, message: string, part: Partial<Fault> = {}): Fault {
  return { code, message, hint: null, causes: [], side: null, digest: null, exchange: null, choices: [], remedies: [], docker: null, ...part };
}

export type FakeOptions = FakeAccountsOptions & FakeArchivesOptions & {
  /** Bytes a second; tests pass Infinity. */
  speed?: number;
  /** References (`web:2.0`) that are here from the start. */
  local?: string[];
  settings?: Partial<Settings>;
  /** Calls that fail, whatever their arguments. */
  failing?: Partial<Record<CallName, Fault>>;
  practice?: boolean;
  /** Ends every push and copy when two fifths have moved. */
  pushFails?: Fault;
  /** What is said of single tags when they are described or deleted. */
  tagFaults?: Record<string, Fault>;
  rateLimit?: RateLimit | null;
  /** What is inside layers. */
  files?: FakeFilesOptions;
};

export type FakeHost = Host & { readonly calls: { name: CallName; args: unknown }[]; readonly wire: FakeWire; /** As if files were dragged over the window, dropped or left. */ readonly given: (event: FilesEvent) => void };

export function fakeHost(options: FakeOptions = {}): FakeHost {
  const speed = options.speed ?? 2_400_000;
  const blobs = new Set<string>();
  const local = new Map<string, LocalImage>();
  const jobs = new Map<number, FakeJob>();
  const wire = new FakeWire();
  const calls: { name: CallName; args: unknown }[] = [];
  let settings: Settings = { theme: "system", platform: null, plainHttp: [], recent: [], pinned: [], registries: [], wireOpen: false, listPulled: true, ...options.settings };

  const keep = (image: FakeImage, platforms: string[], at: string) => {
    local.set(referenceOf(image), localImage(image, platforms, at));
    for (const entry of image.platforms) if (platforms.includes(entry.name)) for (const { digest } of entry.layers) blobs.add(digest);
  };
  for (const name of options.local ?? []) {
    const image = CATALOG.find((known) => `${known.repository}:${known.tag}` === name);
    if (image) keep(image, image.platforms.map((entry) => entry.name), new Date(Date.now() - 86_400_000).toISOString());
  }
  wire.add({ path: "/v2/_catalog", summary: "4 repositories" });

  function find(input: string): FakeImage {
    const { breakdown, problem } = explain(input);
    if (!breakdown) throw fault("reference_invalid", problem?.message ?? "This is no reference", { hint: problem?.hint ?? null });
    const image = CATALOG.find((known) => referenceOf(known) === breakdown.canonical);
    if (image) return image;
    const elsewhere = accounts.refusal(breakdown);
    if (elsewhere) throw elsewhere;
    const failed = wire.add({ path: `/v2/${breakdown.path}/manifests/${breakdown.tag ?? "latest"}`, summary: "authentication required", host: breakdown.apiHost, status: 401, failed: true });
    if (breakdown.registry === HOST) {
      throw fault("not_found", `\`${breakdown.familiar}\` is not in the practice registry`, { exchange: failed.id });
    }
    throw fault("auth_required", `\`${breakdown.familiar}\` may be private, or may not exist`, {
      hint: "Check the spelling, then sign in",
      causes: [`${breakdown.apiHost} answered 401 to a valid token`],
      exchange: failed.id,
    });
  }

  const accounts = fakeAccounts({ wire, fail: fault, options });
  const explorer = fakeExplorer({ wire, fault, fast: speed === Infinity, ...(options.tagFaults && { tagFaults: options.tagFaults }), ...(options.rateLimit !== undefined && { rateLimit: options.rateLimit }) });

  const files = fakeFiles({ fail: fault, fast: speed === Infinity, options: options.files });

  const registries: RegistryEntry[] = [
    { host: "docker.io", label: "Docker Hub", kind: "hub", state: "anonymous", account: null },
    { host: "ghcr.io", label: "ghcr.io", kind: "ghcr", state: "anonymous", account: null },
    { host: PLAIN, label: PLAIN, kind: "other", state: "plain", account: null },
    { host: HOST, label: "Practice registry", kind: "practice", state: "practice", account: null },
  ];

  const push = fakePush({ wire, fault, speed, local, jobs, registries: () => accounts.rows(registries, settings.registries), pushFails: options.pushFails ?? null });

  const archives = fakeArchives({ fault, speed, local, jobs, explain, options, inspect: (args) => inspect(args) });

  const job = (id: number) => {
    const known = jobs.get(id);
    if (!known) throw fault("internal", `There is no transfer ${id}`);
    return known;
  };
  const setState = (id: number, state: "paused" | "running" | "cancelled") => {
    const known = job(id);
    known.head = { ...known.head, state };
    for (const watcher of known.watchers) watcher(update(known));
    return null;
  };

  const inspect = ({ input, from, platform }: Commands["inspect_image"][0]) => {
    const image = find(input);
    const here = local.has(referenceOf(image));
    if (from === "store" && !here) throw fault("image_missing", `\`${input}\` is not on this computer`, { hint: "Pull it first" });
    const source = from === "auto" ? (here ? "store" : "registry") : from;
    if (platform && !image.platforms.some(({ name }) => name === platform)) {
      throw fault("platform_missing", `\`${input}\` has no image for ${platform}`, { choices: image.platforms.map(({ name }) => name) });
    }
    if (source === "registry") wire.add({ path: `/v2/${image.repository}/manifests/${image.tag}`, summary: image.platforms.length > 1 ? `index, ${image.platforms.length} platforms` : "manifest" });
    return imageDetail(image, source, platform, blobs, here);
  };

  // A command that has no answer here yet fails loudly.
  const answers: { [K in CallName]?: (args: Commands[K][0]) => CallResult<K> } = {
    app_info: () => ({
      version: "0.1.0",
      storePath: "/home/you/.local/share/longshore/store",
      platform: PLATFORM,
      practiceHost: options.practice === false ? null : HOST,
      practiceFault: options.practice === false ? fault("internal", "No loopback port was free") : null,
      dockerConfigPath: "/home/you/.docker/config.json",
    }),
    explain_reference: ({ input }) => explain(input),
    list_registries: () => accounts.rows(registries, settings.registries),
    practice_shelf: () => {
      if (options.practice === false) throw fault("unreachable", "The practice registry is not running");
      return { host: HOST, images: CATALOG.map((image) => practiceImage(image, blobs, local.has(referenceOf(image)))) };
    },
    list_images: () => [...local.values()],
    inspect_image: inspect,
    open_link: () => null,
    compare_images: ({ a, b }) => compareImages(a, b, inspect),
    ...explorer.answers,
    ...files.answers,
    remove_images: ({ references }) => {
      const removed = references.filter((reference) => local.delete(reference));
      return { removed, freedBytes: removed.length * 420_000 };
    },
    collect_garbage: ({ dryRun }) => ({ blobs: 2, bytes: 912_000, dryRun }),
    ...push.answers,
    ...archives.answers,
    start_pull: ({ request }) => {
      const image = find(request.input);
      const id = Math.max(0, ...jobs.keys()) + 1;
      const layers = layersOf(image, request.platform, request.allPlatforms);
      if (layers.length === 0) throw fault("platform_missing", `\`${request.input}\` has no image for ${request.platform ?? PLATFORM}`, { choices: image.platforms.map(({ name }) => name) });
      wire.add({ job: id, path: `/v2/${image.repository}/manifests/${image.tag}`, summary: image.platforms.length > 1 ? `index, ${image.platforms.length} platforms` : "manifest" });
      const platforms = request.allPlatforms ? image.platforms.map(({ name }) => name) : [request.platform ?? PLATFORM];
      const plan = { title: `${image.repository}:${image.tag}`, reference: referenceOf(image), root: rootDigest(image), layers, has: (digest: string) => blobs.has(digest), fails: null };
      const landed = (layer: { digest: string; size: number }) => {
        blobs.add(layer.digest);
        wire.add({ job: id, path: `/v2/${image.repository}/blobs/${layer.digest}`, summary: "layer", received: layer.size, expected: layer.size });
      };
      jobs.set(id, runPull(id, request, plan, speed, landed, (ended) => {
        if (ended.outcome?.state === "done") keep(image, platforms, new Date().toISOString());
      }));
      return id;
    },
    list_jobs: () => [...jobs.values()].map(({ head }) => head),
    pause_job: ({ id }) => setState(id, "paused"),
    resume_job: ({ id }) => setState(id, "running"),
    cancel_job: ({ id }) => setState(id, "cancelled"),
    dismiss_job: ({ id }) => (jobs.delete(id), null),
    list_exchanges: ({ after }) => wire.heads.filter(({ id }) => id > after),
    read_exchange: ({ id }) => {
      const detail = wire.read(id);
      if (!detail) throw fault("internal", `Exchange ${id} is no longer kept`);
      return detail;
    },
    hash_document: ({ digest }) => ({ digest, bytes: 812, milliseconds: 1 }),
    read_settings: () => settings,
    write_settings: (args) => {
      settings = args.settings;
      return null;
    },
    ...accounts.answers,
  };

  return {
    calls,
    wire,
    given: archives.happen,
    async call<K extends CallName>(name: K, args: CallArguments<K>): Promise<CallResult<K>> {
      calls.push({ name, args });
      await Promise.resolve();
      const failing: Fault | undefined = options.failing?.[name];
      if (failing) throw failing;
      const answer = answers[name];
      if (!answer) throw fault("internal", `The fake has no answer to ${name}`);
      return answer(args);
    },
    watchJob(id, onUpdate) {
      const known = job(id);
      known.watchers.add(onUpdate);
      onUpdate(update(known));
      return known.outcome ? Promise.resolve(known.outcome) : known.done;
    },
    watchExchanges: (onExchanges) => wire.watch(onExchanges),
    watchRepository: explorer.watchRepository,
    watchFiles: archives.watchFiles,
    openTree: files.openTree,
    findDuplicates: files.findDuplicates,
  };
}
