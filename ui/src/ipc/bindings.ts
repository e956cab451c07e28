// Generated from src-tauri/src/wire and src-tauri/src/commands/list.rs: `make bindings`. Do not edit.

/** How a command fails. `code` is stable; the UI's table of codes is total. */
export type Fault = { code: FaultCode, message: string, hint: string | null, causes: Array<string>,
  /** Which side failed, where one did. */
  side: "source" | "sink" | null, digest: string | null,
  /** Id of the exchange that shows it (see `read_exchange`). */
  exchange: number | null,
  /** Platforms to choose from, for `platform_missing`. */
  choices: Array<string>, };

export type FaultCode = "reference_invalid" | "digest_invalid" | "platform_invalid" | "unreachable" | "connection_lost" | "timeout" | "tls_failed" | "not_a_registry" | "plain_http_refused" | "redirect_refused" | "auth_required" | "auth_refused" | "realm_refused" | "token_invalid" | "credential_helper" | "credential_config" | "rate_limited" | "not_found" | "registry_refused" | "registry_failed" | "protocol_violation" | "content_mismatch" | "too_large" | "manifest_invalid" | "manifest_unsupported" | "platform_missing" | "image_missing" | "store_full" | "store_read_only" | "store_corrupt" | "store_failed" | "config_invalid" | "cancelled" | "internal";

/** A line of a two-column table. */
export type KeyValue = { key: string, value: string, };

/** What the window shows of itself. */
export type AppInfo = { version: string, storePath: string,
  /** The platform pulled when none is chosen, e.g. `linux/amd64`. */
  platform: string,
  /** `127.0.0.1:5055`; null when the practice registry could not start. */
  practiceHost: string | null, practiceFault: Fault | null, dockerConfigPath: string | null, };

/** Light, dark, or what the system says. */
export type Theme = "system" | "light" | "dark";

/** What is kept between sessions. */
export type Settings = { theme: Theme,
  /** The platform pulled when none is chosen; null is this computer's. */
  platform: string | null,
  /** Hosts spoken to in plain HTTP; loopback hosts are so anyway. */
  plainHttp: Array<string>,
  /** References opened or pulled, newest first. */
  recent: Array<string>, pinned: Array<string>, wireOpen: boolean, };

/** A part of a reference. */
export type SegmentKind = "registry" | "namespace" | "repository" | "tag" | "digest";

/** Where a part comes from. */
export type Presence = "typed" | "implied" | "absent";

/** One bracket of the breakdown. `text` has no punctuation; for an absent segment it is empty. */
export type Segment = { kind: SegmentKind, text: string, presence: Presence, explanation: string, };

/** Which surprise it is. */
export type TrapCode = "hub_not_registry" | "upper_case" | "digest_wins" | "tag_like_port" | "scheme_typed" | "latest_moves";

/** Something about the input that surprises people. */
export type Trap = { code: TrapCode, message: string, };

/** A reference in five parts. */
export type Breakdown = { registry: string,
  /** namespace and repository */
  path: string, namespace: string, repository: string, tag: string | null, digest: string | null, canonical: string, familiar: string, apiHost: string, implied: Array<SegmentKind>, segments: Array<Segment>,
  /** What to append to the typed text as a grey ghost, e.g. `:latest`; empty if none. */
  ghost: string, };

/** Why a text is no reference. */
export type Problem = { message: string, hint: string | null,
  /** Byte offset into the input where the underline begins. */
  from: number,
  /** And where it ends. */
  to: number, };

/** What an input means, or why it means nothing. */
export type Explanation = { input: string, breakdown: Breakdown | null, problem: Problem | null, traps: Array<Trap>, };

/** Which icon and which words a registry gets. */
export type RegistryKind = "hub" | "ghcr" | "practice" | "other";

/** How one is signed in. */
export type SignIn = "anonymous" | "account" | "practice" | "stopped" | "plain";

/** A row of the sidebar. */
export type RegistryEntry = { host: string, label: string, kind: RegistryKind,
  /** Second line of the row: `Anonymous`, `username`, `Running in Longshore`, `No sign-in, plain HTTP`. */
  state: SignIn,
  /** The account, where it is known without asking a credential helper. */
  account: string | null, };

/** A slab on the quay. */
export type PracticeLayer = { digest: string, size: number, label: string, presentLocally: boolean, };

/** An image of the practice registry. */
export type PracticeImage = {
  /** full reference, e.g. `127.0.0.1:5055/web:2.0` */
  reference: string, repository: string, tag: string, about: string, platforms: Array<string>,
  /** bottom (base) first; for a multi-platform image one layer a platform, labelled with it */
  layers: Array<PracticeLayer>,
  /** bytes of every config and layer */
  size: number,
  /** bytes still to fetch */
  missing: number, local: boolean, };

/** What the practice registry holds. */
export type PracticeShelf = { host: string, images: Array<PracticeImage>, };

/** A name of the store. */
export type LocalImage = {
  /** canonical name, or null for a nameless (digest only) entry */
  reference: string | null, familiar: string, registry: string, path: string, tag: string | null, digest: string, mediaType: string, platforms: Array<string>,
  /** transfer size of config and layers of what is here, bytes */
  size: number, created: string | null, pulledAt: string | null, };

/** What removing names did. */
export type RemoveReport = {
  /** Names that are gone, as they were given. */
  removed: Array<string>,
  /** Bytes on disk that no name needs any more and that were given back. */
  freedBytes: number, };

/** What a garbage collection did or would do. */
export type GarbageReport = { blobs: number, bytes: number, dryRun: boolean, };

/** What hashing stored bytes again gave. */
export type HashReport = { digest: string, bytes: number, milliseconds: number, };

/** Where to look an image up. */
export type LookIn = "registry" | "store" | "auto";

/** Where an image was found. */
export type Whence = "registry" | "store";

/** How the image of this name on this computer compares. */
export type LocalState = "same" | "older" | "absent";

/** One step of the history, with its layer where it has one. */
export type LayerDetail = {
  /** 1 is the base; null for history steps without bytes */
  number: number | null, digest: string | null, diffId: string | null, size: number, mediaType: string | null,
  /** gzip, zstd, none */
  compression: string | null,
  /** Dockerfile-like step: `RUN npm ci`, `ADD rootfs.tar.xz /`; raw `created_by` beside */
  instruction: string, arguments: string, createdBy: string, created: string | null, comment: string | null, emptyLayer: boolean, presentLocally: boolean,
  /** other local images (familiar names) with this layer */
  alsoIn: Array<string>, };

/** One entry of an index. */
export type PlatformEntry = { platform: string, digest: string, manifestSize: number,
  /** null where not known yet */
  size: number | null, presentLocally: boolean, selected: boolean, attestation: boolean, };

/** What the config says of running. */
export type HowItRuns = { command: Array<string>, entrypoint: Array<string>, workingDir: string | null, user: string | null, ports: Array<string>, volumes: Array<string>, stopSignal: string | null, healthcheck: string | null, environment: Array<KeyValue>, labels: Array<KeyValue>, };

/** A raw document, exactly as received. `text` is null where it is not UTF-8. */
export type RawDocument = { title: string, digest: string, mediaType: string, size: number, text: string | null, };

/** The index of a multi-platform image. */
export type IndexSummary = { digest: string, size: number, mediaType: string, };

/** The manifest that is shown. */
export type ManifestSummary = { digest: string, size: number, mediaType: string, platform: string, };

/** Its config. */
export type ConfigSummary = { digest: string, size: number, };

/** Everything of an image's page. */
export type ImageDetail = { reference: string, familiar: string, tag: string | null, from: Whence,
  /** what the name points to */
  digest: string, mediaType: string, size: number,
  /** null for a single-platform image */
  index: IndexSummary | null,
  /** null where the object is an artifact or unsupported: then only `documents` is filled */
  manifest: ManifestSummary | null, config: ConfigSummary | null, platforms: Array<PlatformEntry>,
  /** base first, history steps interleaved */
  layers: Array<LayerDetail>, layerCount: number, transferSize: number, presentSize: number, created: string | null, author: string | null, run: HowItRuns | null, annotations: Array<KeyValue>,
  /** index (if any), manifest, config */
  documents: Array<RawDocument>,
  /** flags on odd content: `The config lists 3 diff IDs for 4 layers` */
  flags: Array<string>, local: LocalState, };

/** What to pull. */
export type PullRequest = { input: string, platform: string | null, allPlatforms: boolean, allTags: boolean, };

/** What a row is. */
export type RowKind = "layer" | "config" | "manifest";

/** How far a row is. */
export type RowState = "waiting" | "exists" | "downloading" | "retrying" | "verifying" | "complete" | "paused" | "failed";

/** One object of a transfer. */
export type TransferRow = { digest: string, kind: RowKind, size: number, done: number, state: RowState,
  /** `Retrying in 12 s`, a mismatch… */
  note: string | null, };

/** How far a job is. */
export type JobState = "queued" | "resolving" | "running" | "paused" | "done" | "failed" | "cancelled";

/** What a job does. */
export type Verb = "pull";

/** A job, without its rows. */
export type JobHead = { id: number, verb: Verb, title: string, reference: string, platform: string | null, state: JobState,
  /** bytes */
  total: number,
  /** already here, skipped */
  skipped: number,
  /** arrived in this job, resumed prefix included */
  arrived: number,
  /** bytes a second, 3 s average */
  rate: number,
  /** seconds left; null until two seconds in */
  eta: number | null, startedAt: string,
  /** milliseconds of work, pauses left out */
  elapsed: number,
  /** the docker line */
  command: string,
  /** the root's digest when done */
  digest: string | null, fault: Fault | null, };

/** At most 20 a second. The first update of a watch has every row and line; later ones only what changed. */
export type JobUpdate = { job: JobHead, rows: Array<TransferRow>,
  /** lines of "as the Docker client prints it", whole; empty where none changed */
  lines: Array<string>, };

/** How a job ended. */
export type JobEnd = "done" | "failed" | "cancelled";

/** What came of a job. */
export type JobOutcome = { state: JobEnd, digest: string | null, upToDate: boolean, fault: Fault | null, };

/** Whom an exchange is with. */
export type Role = "registry" | "auth" | "cdn";

/** An exchange, without headers and body. */
export type ExchangeHead = { id: number, job: number | null, method: string, host: string,
  /** path and query, redacted */
  path: string, role: Role, status: number | null,
  /** ms */
  elapsed: number,
  /** bytes of body received so far */
  received: number, expected: number | null, live: boolean,
  /** `token`, `index, 9 platforms`, `go to the CDN`, or the failure */
  summary: string, failed: boolean, };

/** A header as it may be shown. */
export type Header = { name: string,
  /** null: redacted */
  value: string | null,
  /** `Bearer`, for a redacted authorization */
  scheme: string | null, };

/** An exchange with all that is kept of it. */
export type ExchangeDetail = { head: ExchangeHead, explanation: string, requestHeaders: Array<Header>, responseHeaders: Array<Header>,
  /** small text bodies, at most 64 KiB, secrets out */
  body: string | null, timing: Array<KeyValue>, };

/** name -> [arguments, result] of every command; `invoke` names are the keys. `unknown` stands for a Tauri channel. */
export type Commands = {
  app_info: [{}, AppInfo];
  explain_reference: [{ input: string }, Explanation];
  list_registries: [{}, Array<RegistryEntry>];
  practice_shelf: [{}, PracticeShelf];
  list_images: [{}, Array<LocalImage>];
  inspect_image: [{ input: string; from: LookIn; platform: string | null }, ImageDetail];
  remove_images: [{ references: Array<string> }, RemoveReport];
  collect_garbage: [{ dryRun: boolean }, GarbageReport];
  start_pull: [{ request: PullRequest }, number];
  list_jobs: [{}, Array<JobHead>];
  watch_job: [{ id: number; onUpdate: unknown }, JobOutcome];
  pause_job: [{ id: number }, null];
  resume_job: [{ id: number }, null];
  cancel_job: [{ id: number }, null];
  dismiss_job: [{ id: number }, null];
  list_exchanges: [{ after: number }, Array<ExchangeHead>];
  read_exchange: [{ id: number }, ExchangeDetail];
  watch_exchanges: [{ onExchanges: unknown }, null];
  hash_document: [{ reference: string; digest: string }, HashReport];
  read_settings: [{}, Settings];
  write_settings: [{ settings: Settings }, null];
};
