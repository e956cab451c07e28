// Generated from src-tauri/src/wire and src-tauri/src/commands/list.rs: `make bindings`. Do not edit.

/** How a command fails. `code` is stable; the UI's table of codes is total. */
export type Fault = { code: FaultCode, message: string, hint: string | null, causes: Array<string>,
  /** Which side failed, where one did. */
  side: "source" | "sink" | null, digest: string | null,
  /** Id of the exchange that shows it (see `read_exchange`). */
  exchange: number | null,
  /** Platforms to choose from, for `platform_missing`. */
  choices: Array<string>,
  /** Likely causes with what can be done about each, the likeliest first. */
  remedies: Array<Remedy>,
  /** What the Docker client would print, where it would fail in the same way. */
  docker: string | null, };

export type FaultCode = "reference_invalid" | "digest_invalid" | "platform_invalid" | "unreachable" | "connection_lost" | "timeout" | "tls_failed" | "not_a_registry" | "plain_http_refused" | "redirect_refused" | "auth_required" | "auth_refused" | "realm_refused" | "token_invalid" | "credential_helper" | "credential_config" | "rate_limited" | "not_found" | "catalog_unavailable" | "delete_unsupported" | "changed" | "registry_refused" | "registry_failed" | "protocol_violation" | "content_mismatch" | "too_large" | "manifest_invalid" | "manifest_unsupported" | "platform_missing" | "image_missing" | "store_full" | "store_read_only" | "store_corrupt" | "store_failed" | "archive_invalid" | "layer_invalid" | "compression_unsupported" | "config_invalid" | "cancelled" | "internal";

/** A likely cause of a failure, and what can be done about it. */
export type Remedy = {
  /** A sentence. */
  cause: string, action: RemedyAction,
  /** What stands on the button. */
  label: string,
  /** The host, the reference or the page that the action is about. */
  target: string | null,
  /** How long to wait. */
  seconds: number | null, };

/** What can be done about a failure. */
export type RemedyAction = "sign_in" | "plain_http" | "trust_certificate" | "create_repository" | "wait" | "choose_platform" | "edit_reference" | "retry" | "open_settings" | "free_space" | "trust_realm" | "none";

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
  recent: Array<string>,
  /** Repositories that are pinned to the sidebar. */
  pinned: Array<string>,
  /** Hosts that were added to the sidebar by hand, the newest last. */
  registries: Array<string>, wireOpen: boolean,
  /** Whether the files of what was pulled are listed before anybody looks. */
  listPulled: boolean, };

/** Everything that is kept of it. The command line goes by the same. */
export type NetworkSettings = { hosts: Array<HostSettings>,
  /** Token servers that may have the account of any registry that names them. */
  trustedRealms: Array<string>, proxy: ProxySettings, };

/** What is kept for one host. One that says nothing is forgotten. */
export type HostSettings = { host: string,
  /** Spoken to without TLS. */
  plainHttp: boolean,
  /** Spoken to in TLS with whoever answers. */
  skipTlsVerification: boolean,
  /** Hosts that are read from first, in order. */
  mirrors: Array<string>,
  /** SHA-256 fingerprints of certificates that are trusted for it. */
  trusted: Array<string>, };

/** Which proxy is used. */
export type ProxyMode = "system" | "none" | "custom";

/** The proxy. */
export type ProxySettings = { mode: ProxyMode,
  /** `http://proxy.example:3128`; no password is shown */
  url: string | null,
  /** Hosts that are reached without it. */
  noProxy: Array<string>, };

/** The certificates that a host shows, its own first. */
export type CertificateChain = { host: string, certificates: Array<CertificateView>, };

/** A certificate. */
export type CertificateView = { subject: string, issuer: string,
  /** RFC 3339 */
  notBefore: string,
  /** RFC 3339 */
  notAfter: string,
  /** lower-case hex */
  sha256: string, isCa: boolean, };

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

/** What answers at a host. */
export type Ping = {
  /** Whether it is spoken to without TLS. */
  plainHttp: boolean,
  /** It is a registry, and lets nobody in without an account. */
  wantsSignIn: boolean,
  /** Id of the exchange that shows it (see `read_exchange`). */
  exchange: number | null,
  /** Why it is no registry, or can't be reached. */
  fault: Fault | null, };

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

/** A label or an annotation that leads to a page of the web. The page can't open an address; it asks for this one. */
export type ImageLink = { key: string,
  /** as it is written in the image */
  value: string,
  /** where it leads, with the port where that is an unusual one */
  host: string, };

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
  /** which labels and annotations are links */
  links: Array<ImageLink>,
  /** index (if any), manifest, config */
  documents: Array<RawDocument>,
  /** flags on odd content: `The config lists 3 diff IDs for 4 layers` */
  flags: Array<string>, local: LocalState, };

/** What to pull. */
export type PullRequest = { input: string, platform: string | null, allPlatforms: boolean, allTags: boolean, };

/** What a row is. */
export type RowKind = "layer" | "config" | "manifest";

/** How far a row is. */
export type RowState = "preparing" | "waiting" | "exists" | "mounted" | "moving" | "retrying" | "verifying" | "complete" | "paused" | "failed";

/** One object of a transfer. */
export type TransferRow = { digest: string, kind: RowKind, size: number, done: number, state: RowState,
  /** `Retrying in 12 s`, `Mounted from team/base`, a mismatch… */
  note: string | null,
  /** when it is tried again, milliseconds of Unix time; null where that is now */
  retryAt: number | null, };

/** A transfer that waits before it asks again. */
export type Wait = {
  /** `the registry answered 429` */
  why: string,
  /** milliseconds of Unix time */
  until: number, };

/** How far a job is. */
export type JobState = "queued" | "resolving" | "running" | "paused" | "done" | "failed" | "cancelled";

/** What a job does. */
export type Verb = "pull" | "push" | "copy" | "load" | "import" | "save" | "export";

/** A job, without its rows. */
export type JobHead = { id: number, verb: Verb, title: string,
  /** What is pulled, or the name that a push or a copy gives. */
  reference: string,
  /** Where a push or a copy takes it from; null for a pull. */
  source: string | null,
  /** the container engine that it goes to or comes from; null for a file or a registry */
  engine: string | null, platform: string | null, state: JobState,
  /** bytes */
  total: number,
  /** already there, skipped */
  skipped: number,
  /** arrived in this job, resumed prefix included */
  arrived: number,
  /** bytes a second, 3 s average */
  rate: number,
  /** seconds left; null until two seconds in */
  eta: number | null,
  /** the wait that holds up all of it */
  wait: Wait | null, startedAt: string,
  /** milliseconds of work, pauses left out */
  elapsed: number,
  /** the docker line */
  command: string,
  /** the root's digest when done */
  digest: string | null, fault: Fault | null, };

/** At most ten a second. The first update of a watch has every row and line; later ones only what changed. */
export type JobUpdate = { job: JobHead, rows: Array<TransferRow>,
  /** lines of "as the Docker client prints it", whole; empty where none changed */
  lines: Array<string>, };

/** How a job ended. */
export type JobEnd = "done" | "failed" | "cancelled";

/** What came of a job. */
export type JobOutcome = { state: JobEnd, digest: string | null, upToDate: boolean, fault: Fault | null, };

/** Where the bytes of a push come from. */
export type Origin = "store" | "registry";

/** What to push or copy, and where to. */
export type PushRequest = {
  /** The source's reference. */
  input: string, from: Origin,
  /** The name that it gets; with `allTags` its repository alone counts. */
  destination: string,
  /** Empty: all that are there. */
  platforms: Array<string>,
  /** Every tag of the source's repository, each under its own name. */
  allTags: boolean, };

/** What a push would do. Nothing has moved yet. */
export type PushPlan = {
  /** familiar */
  source: string,
  /** familiar */
  destination: string,
  /** of the destination */
  breakdown: Breakdown, verb: Verb, account: PlanAccount,
  /** Whether the repository is there; null where the registry does not say. */
  repositoryExists: boolean | null,
  /** The root's digest; of all tags the first one's. */
  digest: string, mediaType: string,
  /** Manifests and indexes that are written. */
  documents: number,
  /** In the order of the manifests, each digest once. */
  blobs: Array<PlanBlob>,
  /** bytes */
  uploadBytes: number,
  /** bytes */
  mountBytes: number,
  /** bytes */
  existsBytes: number, tags: Array<TagMove>,
  /** Of the source; empty where it is no index. */
  platforms: Array<PlanPlatform>,
  /** Platforms that the name has now and would no longer have. */
  lostPlatforms: Array<string>,
  /** Whole sentences, no final period. */
  warnings: Array<string>,
  /** The line that does it in a terminal. */
  command: string, };

/** As whom a push would go. */
export type PlanAccount = {
  /** null: without an account */
  account: string | null,
  /** Where its credential is kept, for people. */
  origin: string,
  /** Whether the registry grants pushing; null where only the push itself shows it. */
  mayPush: boolean | null, note: string | null, };

/** What happens to one blob. */
export type BlobFate = "exists" | "mount" | "upload";

/** One blob of a plan. */
export type PlanBlob = { digest: string, size: number, kind: RowKind,
  /** `COPY app /app`, `config, linux/arm64` */
  label: string, fate: BlobFate,
  /** `team/base` */
  mountFrom: string | null, };

/** What happens to a tag. */
export type TagState = "new" | "same" | "moves";

/** One tag of a plan. */
export type TagMove = { tag: string,
  /** What it will point to. */
  digest: string,
  /** What it points to now. */
  previous: string | null, state: TagState, };

/** One platform of the source. */
export type PlanPlatform = { platform: string,
  /** Whether the source has all of it. */
  present: boolean,
  /** Whether it is pushed. */
  chosen: boolean, };

/** A name that was given, or that would have moved. */
export type Tagged = {
  /** canonical */
  name: string, digest: string,
  /** What the name stood for before, where it was another digest. */
  previous: string | null,
  /** False: the name stands for `previous`, and `replace` was not set; nothing changed. */
  done: boolean, };

/** Whose registry it is: which icon and which words a form gets. */
export type Vendor = "hub" | "ghcr" | "ecr" | "acr" | "google" | "quay" | "other";

/** Where a credential is kept. */
export type Keep = "keychain" | "helper" | "file" | "session";

/** A place that a credential could be kept in. */
export type KeepOption = { keep: Keep,
  /** `secretservice`, for a helper */
  helper: string | null, label: string, about: string, available: boolean, recommended: boolean,
  /** Why it is not available. */
  whyNot: string | null, };

/** What to type to sign in to a registry. */
export type SignInForm = { host: string, vendor: Vendor, title: string,
  /** One sentence. */
  lead: string, userLabel: string, userHint: string | null,
  /** The only user name that works. */
  userFixed: string | null, secretLabel: string, secretHint: string,
  /** https; shown, and opened once that is confirmed */
  secretLink: string | null,
  /** `aws ecr get-login-password` */
  secretCommand: string | null, keeps: Array<KeepOption>,
  /** Who is signed in now. */
  account: string | null,
  /** Where that is kept, for people. */
  keptIn: string | null, configPath: string | null, };

/** What was typed. */
export type SignInRequest = { host: string, username: string, secret: string, keep: Keep,
  /** Which helper, for `keep: "helper"`. */
  helper: string | null, };

/** What a registry said to an account. */
export type SignInTest = { accepted: boolean, account: string | null,
  /** One sentence. */
  said: string,
  /** Id of the exchange that shows it (see `read_exchange`). */
  exchange: number | null, status: number | null, milliseconds: number, fault: Fault | null, };

/** Signed in. */
export type SignedIn = { host: string, account: string,
  /** For people. */
  keptIn: string,
  /** Whole sentences, no final period. */
  warnings: Array<string>, };

/** Signed out. */
export type SignedOut = {
  /** Places that it was removed from, for people. */
  removed: Array<string>,
  /** Places where it still is, and why. */
  left: Array<KeyValue>, };

/** What came of a place that was looked in. */
export type TrailOutcome = "chosen" | "empty" | "passed" | "failed" | "overridden";

/** One place that was looked in. */
export type TrailStep = {
  /** For people. */
  place: string,
  /** The key of the entry there. */
  key: string | null, account: string | null, outcome: TrailOutcome,
  /** One sentence. */
  why: string, };

/** Which entry is used for a registry, and why. */
export type CredentialTrail = { host: string,
  /** In the order they are looked in. */
  steps: Array<TrailStep>,
  /** What the Docker CLI would use. */
  docker: TrailStep | null, differs: boolean,
  /** What is to be learned from it. */
  lesson: string | null, };

/** A page of a registry's repositories. */
export type CatalogPage = {
  /** Paths, such as `team/app`. */
  repositories: Array<string>,
  /** What to ask for the next page with; opaque. */
  next: string | null,
  /** The registry's paging went in circles: there may be more. */
  partial: boolean, };

/** A repository that is open. Its tags stay on Rust's side; `query_tags` gives windows of them. */
export type RepositoryHead = { id: number,
  /** `team/app` */
  repository: string, familiar: string, host: string,
  /** `Official image on Docker Hub`; may be empty */
  about: string,
  /** Tags so far. */
  known: number,
  /** Names that the registry lists and that are no tags. */
  invalid: number,
  /** The first of those: text to show, never a link. */
  odd: Array<string>,
  /** No more will come. */
  finished: boolean,
  /** The registry's paging went in circles: there may be more. */
  partial: boolean,
  /** Why the list broke off; what is known stays. */
  fault: Fault | null, rateLimit: RateLimit | null, };

/** How many pulls a registry says are left. */
export type RateLimit = { limit: number, remaining: number, windowSeconds: number | null,
  /** What it counts by: an address or an account. */
  source: string | null, };

/** What a list of tags is sorted by. */
export type TagSort = "registry" | "name" | "version" | "updated" | "size" | "digest";

/** Which tags, in what order, and which part of them. */
export type TagQuery = {
  /** Of the open repository. */
  id: number,
  /** Words that the tag must contain, all of them. */
  filter: string, sort: TagSort, descending: boolean,
  /** Tags of one digest side by side. */
  grouped: boolean,
  /** Only tags that have it, of those described. */
  platform: string | null,
  /** The first row. */
  from: number,
  /** How many rows. */
  count: number, };

/** A window of a list of tags. */
export type TagRows = {
  /** Tags of the repository that are known. */
  total: number,
  /** Those that the query finds. */
  matched: number,
  /** Of those, how many have details. */
  described: number, from: number, rows: Array<TagRow>, };

/** What was found out of tags, and what asking for it left. */
export type DescribedTags = { rows: Array<TagRow>,
  /** Where the registry says it. */
  rateLimit: RateLimit | null, };

/** A tag, with details once they were asked for. */
export type TagRow = { tag: string, digest: string | null, mediaType: string | null,
  /** `image`, `index`, `artifact`, `attestation`, `signature`, `helm` */
  kind: string | null, platforms: Array<string>,
  /** What a pull of the default platform, else of the first, moves; bytes. */
  size: number | null,
  /** RFC 3339 */
  updated: string | null, local: LocalState | null, fault: Fault | null,
  /** Rows beside one another with the same number have the same digest. */
  knot: number | null, };

/** What a deletion takes away. */
export type DeleteMode = "manifest" | "tag";

/** What a deletion would take: its blast radius. */
export type DeletePlan = {
  /** What `delete_tags` is told. */
  id: number,
  /** canonical, without a tag */
  repository: string, items: Array<DeleteItem>,
  /** Other tags of the repository that were looked up. */
  checked: number,
  /** Other tags that were not: they may be on the same digests. */
  unchecked: number,
  /** Whether the registry can delete a tag alone; null where only trying shows it. */
  canUntag: boolean | null,
  /** Whole sentences, no final period. */
  warnings: Array<string>,
  /** The line that does it in a terminal. */
  command: string, };

/** One manifest that would go. */
export type DeleteItem = { digest: string,
  /** Those that were chosen. */
  tags: Array<string>,
  /** Others on the same digest, which go with it. */
  also: Array<string>,
  /** Tags of indexes that list it, and that would have a hole. */
  parents: Array<string>,
  /** Signatures, SBOMs and the like that refer to it. */
  referrers: number,
  /** bytes */
  size: number | null, };

/** What to delete: what a plan showed, and nothing else. */
export type DeleteRequest = {
  /** The plan's id. */
  plan: number, mode: DeleteMode, };

/** What a deletion did. */
export type DeleteReport = {
  /** Tags that are gone, those that went with a digest included. */
  deleted: Array<string>, failed: Array<TagFault>, };

/** A tag that could not be deleted. */
export type TagFault = {
  /** Or a digest, where a manifest could not go. */
  tag: string, fault: Fault, };

/** What refers to an image. */
export type ReferrerList = {
  /** The digest that was asked about. */
  subject: string, rows: Array<ReferrerRow>,
  /** One sentence: by the API, or by a fallback tag. */
  how: string, };

/** One thing that refers to an image. */
export type ReferrerRow = { digest: string, artifactType: string | null,
  /** `SBOM (SPDX)` */
  label: string, size: number,
  /** RFC 3339 */
  created: string | null,
  /** How it was found: `Referrers API`, `Tag sha256-….sig` */
  via: string,
  /** The platform whose manifest it refers to, where that is not the image itself. */
  platform: string | null, annotations: Array<KeyValue>, };

/** One of the two. */
export type CompareSide = { input: string, from: LookIn, platform: string | null, };

/** What two images have in common, and what one of them has alone. */
export type Comparison = { a: ComparedImage, b: ComparedImage,
  /** The same manifest. */
  same: boolean,
  /** Base first; those of both stand where `a` has them. */
  layers: Array<ComparedLayer>,
  /** bytes of layers */
  sharedBytes: number, onlyABytes: number, onlyBBytes: number,
  /** Every field of the config that one of them has. */
  config: Array<ComparedField>,
  /** Digests by platform, where one of them is an index. */
  platforms: Array<ComparedField>, };

/** One image of a comparison. */
export type ComparedImage = {
  /** familiar */
  title: string,
  /** canonical */
  reference: string, from: Whence, platform: string,
  /** of the manifest that is compared */
  digest: string,
  /** bytes of its config and layers */
  size: number, layers: number,
  /** RFC 3339 */
  created: string | null, };

/** Who has it. */
export type ComparedSide = "both" | "a" | "b";

/** One layer of a comparison. */
export type ComparedLayer = { digest: string, size: number,
  /** `RUN npm ci` */
  instruction: string, side: ComparedSide,
  /** 1 is the base. */
  numberA: number | null, numberB: number | null, };

/** One field of a comparison. */
export type ComparedField = {
  /** `Environment`, `Labels`, … */
  group: string, name: string, a: string | null, b: string | null, };

/** A file or a folder that was dropped, opened or named on the command line. */
export type GivenFile = { id: number,
  /** its last part, escaped for display */
  name: string,
  /** the folder that it is in, for people: `~/Downloads` */
  place: string,
  /** bytes; null for a folder */
  size: number | null, folder: boolean, };

/** What happens with files over the window. */
export type FilesEvent = { "kind": "over", names: Array<string>, } | { "kind": "left" } | { "kind": "given", files: Array<GivenFile>, };

/** What an archive is. */
export type ArchiveKind = "hybrid" | "oci" | "layout" | "docker" | "docker_old" | "root_filesystem" | "layer" | "chart" | "tar" | "foreign";

/** One of the kinds that were thought of, and what speaks for or against it. */
export type ArchiveEvidence = {
  /** `OCI archive`, `Docker archive`, `Root filesystem` */
  title: string,
  /** Whether it is this. */
  chosen: boolean,
  /** `Has`, `Would have`, `Starts at`, `Would start at` */
  says: string,
  /** Names of entries: `oci-layout`, `index.json`; `bin`, `etc`, `usr`. */
  names: Array<string>, };

/** Everything of the import sheet. */
export type ArchiveView = {
  /** of the file */
  id: number, name: string, kind: ArchiveKind,
  /** `OCI archive`, `Helm chart`, `Zip archive` */
  title: string,
  /** Three cards, the chosen one among them where it is one of the three. */
  evidence: Array<ArchiveEvidence>,
  /** gzip, bzip2, xz, zstd of the whole file; null where there is none */
  compression: string | null,
  /** bytes of the file; of a folder all that it holds */
  size: number,
  /** bytes unpacked; null where it was not read to its end */
  unpacked: number | null,
  /** entries seen */
  entries: number,
  /** Whether all of it was read. */
  whole: boolean,
  /** milliseconds that reading took */
  elapsed: number,
  /** What it can be used for when it is no image: a sentence, no final period. */
  advice: string | null, images: Array<ArchiveImage>,
  /** What is wrong with it as a whole, sentences without a final period. */
  problems: Array<string>,
  /** For a root filesystem and a single layer; else null. */
  filesystem: FilesystemView | null,
  /** Whether the digests of all layers were checked while it was read; else they are while it is loaded. */
  checked: boolean,
  /** `docker load -i FILE`, `docker import FILE NAME` */
  command: string, };

/** One image of an archive. */
export type ArchiveImage = {
  /** Its place in the archive, from 0. */
  index: number, digest: string, mediaType: string, names: Array<ArchiveName>, platforms: Array<string>,
  /** Base first; of several platforms each digest once. */
  layers: Array<ArchiveLayer>,
  /** bytes of config and layers */
  size: number,
  /** bytes that are not on this computer yet */
  newBytes: number,
  /** Parts that are not in the archive, by name; such an image can't be loaded. */
  missing: Array<string>, };

/** What giving a name to an image of an archive would do here. */
export type NameState = "new" | "same" | "moves" | "invalid";

/** A name that an archive gives to an image. */
export type ArchiveName = {
  /** as it is written there */
  name: string,
  /** null where it is no reference */
  breakdown: Breakdown | null, state: NameState,
  /** What it stands for here, where that is another image. */
  previous: string | null, };

/** One layer of an image of an archive. */
export type ArchiveLayer = { digest: string,
  /** bytes as it is stored */
  size: number,
  /** Whether it is on this computer. */
  here: boolean, };

/** What a root filesystem or a layer shows of itself. */
export type FilesystemView = {
  /** The names at its top, sorted. */
  top: Array<string>,
  /** regular files */
  files: number,
  /** `linux/arm64`, and the program that it was read from; null where none was found */
  platform: string | null, platformFrom: string | null,
  /** A shell that it has: `/bin/sh`. */
  command: string | null,
  /** A name made of the file's: `container-fs:imported`. */
  suggestedName: string, };

/** An image of an archive that is to be loaded, with the names that it gets. */
export type LoadImage = { index: number,
  /** of those in the archive, as they are written there; empty: by its digest alone */
  names: Array<string>, };

/** What to load. */
export type LoadRequest = {
  /** of the file */
  file: number, images: Array<LoadImage>,
  /** Whether names that stand for other images here are moved; without it such a load fails before it begins. */
  replace: boolean,
  /** Straight to a registry under this name (one image), without storing; null: onto this computer. */
  destination: string | null, };

/** What to import. */
export type ImportRequest = {
  /** of the file */
  file: number, name: string, platform: string | null,
  /** Lines of a Dockerfile, as `docker import --change` takes them: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, USER,
 * VOLUME, WORKDIR. */
  changes: Array<string>,
  /** kept in the history */
  message: string | null,
  /** Whether a name that stands for another image here is moved. */
  replace: boolean, };

/** An image that is to be saved or exported. */
export type SaveSource = { input: string, from: Origin,
  /** null: all that are there (save), the default one (export) */
  platform: string | null, };

/** What a saved archive and an exported filesystem would have, side by side. */
export type SavePlan = {
  /** familiar */
  title: string,
  /** tags that the saved archive names */
  tags: Array<string>, platforms: Array<string>,
  /** Base first: their stored sizes, bytes. */
  layers: Array<ArchiveLayer>,
  /** bytes of an uncompressed archive */
  saveBytes: number,
  /** Entries of the saved archive in order, the first of many. */
  saveEntries: Array<PlannedEntry>,
  /** The names at the top of the exported filesystem. */
exportTop: Array<string>,
  /** bytes of the exported files; null where the layers have to be read first */
exportBytes: number | null, exportEntries: Array<PlannedEntry>,
  /** What the config says that an export loses: `Env` of 4, `Cmd` … */
  settings: Array<KeyValue>,
  /** Whether loading it again gives the same digest, and why. */
  digestPreserved: boolean, digestNote: string,
  /** without an ending: `myapp-v1` */
  suggestedName: string, };

/** An entry of an archive that would be written. */
export type PlannedEntry = { name: string,
  /** bytes */
  size: number,
  /** what it is, for people: `layer 3`, `config`, `names and tags` */
  note: string, };

/** How an archive is written. */
export type SaveFormat = "hybrid" | "oci" | "folder";

/** How an archive is compressed as a whole. */
export type Squeeze = "none" | "gzip" | "zstd";

/** What to save, and how. */
export type SaveRequest = { images: Array<SaveSource>, format: SaveFormat, compression: Squeeze, };

/** What to export, and how. */
export type ExportRequest = { image: SaveSource, compression: Squeeze, };

/** What is dragged out of the window. */
export type DragItem = { "kind": "image", source: SaveSource, } | { "kind": "layer", input: string, digest: string, } | { "kind": "stored", tree: number, layer: number, } | { "kind": "file", tree: number, node: number, layer: number | null, };

/** Something that was saved. */
export type SavedItem = {
  /** its place, for people */
  place: string,
  /** What of a folder no file system can have, a sentence each. */
  leftOut: Array<string>, };

/** A container engine on this computer. */
export type DaemonView = { id: string,
  /** `Docker`, `Podman` */
  name: string,
  /** its version; null where it did not answer */
  version: string | null,
  /** where it listens, for people */
  place: string, };

/** An image that a container engine has. */
export type DaemonImage = { id: string, names: Array<string>,
  /** bytes unpacked */
  size: number, created: string | null,
  /** its names that stand for something else here: they move when it is taken */
  moves: Array<MovingName>, };

/** A name that stands for an image here. */
export type MovingName = {
  /** as the engine writes it */
  name: string,
  /** the digest that it stands for now */
  previous: string, };

/** Whose layers. */
export type LayersOf = { "kind": "image", input: string, from: LookIn, platform: string | null, } | { "kind": "archive", file: number, image: number, platform: string | null, } | { "kind": "file", file: number, };

/** How far the layers of a tree are indexed. */
export type TreeProgress = {
  /** 1 is the base */
  layer: number,
  /** bytes of it that were read, as it is stored */
  done: number, total: number,
  /** entries found so far */
  entries: number,
  /** over the network: bytes that were fetched for it */
  fetched: number, };

/** Where a layer's list of files came from. */
export type IndexedBy = "cache" | "reading" | "streaming" | "contents";

/** A tree that was just opened, and with it a view on what a container sees: its folders are closed. */
export type OpenedTree = { tree: TreeHead, view: FileViewHead,
  /** the first ones of the view, as many as were asked for */
  rows: Array<FileRow>, };

/** An open tree. */
export type TreeHead = { id: number, title: string,
  /** base first */
  layers: Array<TreeLayer>,
  /** entries that a container sees */
  files: number,
  /** bytes that a container sees */
  mergedBytes: number,
  /** bytes of all layers, unpacked */
  unpackedBytes: number,
  /** 0 to 1, as dive defines it */
  efficiency: number,
  /** stored and sent, but no container can see it, bytes */
  wastedBytes: number,
  /** over the network: bytes fetched to know all this, of how many */
  fetched: number | null, fetchable: number | null, };

/** One layer of a tree. */
export type TreeLayer = {
  /** 1 is the base */
  number: number, digest: string,
  /** `RUN npm ci` */
  label: string,
  /** bytes as it is sent */
  transferBytes: number,
  /** bytes of its files */
  unpackedBytes: number,
  /** what a container sees of it, bytes */
  netBytes: number, added: number, modified: number, removed: number, indexedBy: IndexedBy,
  /** Why its list of files is not whole: `The archive ends at byte 12,288`. */
  incomplete: string | null, };

/** Which files a view has. */
export type FileScope = { "kind": "layer", layer: number, } | { "kind": "upto", layer: number, } | { "kind": "merged" } | { "kind": "between", from: number, to: number, };

/** What is left out of a view. Everything that is set must hold. */
export type FileFilter = {
  /** part of a path; with `*`, `?` or `[` a glob; empty: all */
  text: string, changes: Array<FileChange>,
  /** at least so many bytes */
  minSize: number | null, setuid: boolean, owner: number | null,
  /** What its first bytes are; null: any. */
  content: FileContent | null, };

/** What happened to a file, beside the layers below. */
export type FileChange = "added" | "modified" | "removed" | "unchanged";

/** What a file is. */
export type FileKind = "directory" | "file" | "symlink" | "hardlink" | "character" | "block" | "fifo" | "other";

/** What a file holds, by its first bytes; `text` is also scripts, JSON, markup and keys. */
export type FileContent = "text" | "script" | "json" | "markup" | "key" | "program" | "bytecode" | "image" | "media" | "archive" | "database" | "packages" | "document" | "font" | "data";

/** A file as it is after a layer; 1 is the base. */
export type FileVersionOf = { node: number, layer: number, };

/** An open view: a tree with some folders open. */
export type FileViewHead = { id: number, tree: number,
  /** visible rows */
  rows: number,
  /** files that pass the filter */
  matches: number, added: number, modified: number, removed: number,
  /** bytes of all files in it */
  bytes: number, };

/** Rows of a view. */
export type FileRows = { total: number,
  /** of the first one */
  offset: number, rows: Array<FileRow>, };

/** One row. */
export type FileRow = { node: number,
  /** 0 at the top */
  depth: number, name: string, kind: FileKind, change: FileChange,
  /** layers that have it, the highest last; of a folder those that have something in it */
  layers: Array<number>,
  /** bytes; of a folder all that is in it */
  size: number,
  /** `-rw-r--r--` */
  mode: string, uid: number, gid: number,
  /** target of a link */
  link: string | null, open: boolean,
  /** how many entries a folder has in this view */
  children: number,
  /** `whiteout`, `opaque`, `mode was -rw-------`, between two layers `moved from /etc/a` */
  note: string | null,
  /** between two layers: the path that the same bytes had before, or have after */
  moved: number | null,
  /** Its name is not what it seems: bytes that are no UTF-8, `..`, control or direction characters. */
  odd: boolean,
  /** It passes the filter itself, and is not only on the way to one that does. */
  matched: boolean,
  /** Its place among its siblings from 1, and how many there are, for screen readers. */
  position: number, siblings: number, };

/** What was found in a tree. */
export type FoundFile = {
  /** its row in the view, every folder above it open */
  row: number, node: number,
  /** `2 of 118` */
  position: number, total: number,
  /** the view, whose rows may be more now */
  view: FileViewHead, };

/** Everything of one file. */
export type FileDetail = { node: number,
  /** absolute, escaped for display */
  path: string, kind: FileKind, size: number, mode: string, uid: number, gid: number,
  /** RFC 3339 */
  modified: string | null, link: string | null, xattrs: Array<KeyValue>,
  /** `major, minor` of a device */
  device: string | null,
  /** The highest layer first. */
  history: Array<FileVersion>,
  /** `It can run as its owner (setuid)`, `Its name has a right-to-left mark`: sentences without a final period */
  flags: Array<string>, };

/** One layer's version of a file. */
export type FileVersion = { layer: number,
  /** `added here`, `replaced here`, `removed here`, `hidden by layer 6` */
  what: string,
  /** bytes; null where it was removed */
  size: number | null,
  /** Whether a container sees this one. */
  visible: boolean, };

/** What a file holds, as far as it is shown. */
export type FilePreview = { "kind": "text", text: string, language: string | null, whole: boolean, size: number, } | { "kind": "image", mime: string, base64: string, width: number, height: number, } | { "kind": "program", fields: Array<KeyValue>, needed: Array<string>, hex: HexPage, } | { "kind": "packages", database: string, packages: Array<Package>, } | { "kind": "hex", what: string, hex: HexPage, } | { "kind": "nothing", why: string, };

/** Bytes of a file, from a place in it. */
export type HexPage = { offset: number,
  /** at most 64 KiB, base64 */
  base64: string, size: number, };

/** An installed package. */
export type Package = { name: string, version: string, architecture: string | null, licence: string | null,
  /** bytes installed */
  size: number | null, };

/** Stored and sent, but no container can see it. */
export type WasteReport = {
  /** 0 to 1 */
  efficiency: number, wastedBytes: number,
  /** The costliest first, at most a thousand. */
  files: Array<WastedFile>, totalFiles: number,
  /** The same content under several names or in several layers; empty until `find_duplicates` was asked. */
  note: string | null, };

/** One path of the waste. */
export type WastedFile = { path: string,
  /** null where nothing is left of it in the merged tree */
  node: number | null, bytes: number,
  /** `added 2, removed 6`, `written twice, 5 and 6` */
  what: string, layers: Array<number>, };

/** Files with one content. */
export type DuplicateGroup = {
  /** bytes of one of them */
  size: number, digest: string,
  /** bytes that would be saved */
  wasted: number, files: Array<DuplicateFile>, };

/** One of them. */
export type DuplicateFile = { path: string, layer: number, node: number, };

/** A rectangle of the treemap: where it is in a square of 1 by 1 is the page's to work out. */
export type MapItem = { node: number,
  /** node of the folder that it is in; null at the top */
  parent: number | null, name: string, size: number, kind: FileKind, change: FileChange,
  /** A rest: how many small ones are drawn together. */
  rest: number, };

/** What changed with a file between two images or layers. */
export type FileDifference = "added" | "removed" | "changed" | "moved";

/** Two trees file by file. */
export type FileComparison = { id: number, added: number, removed: number, changed: number, moved: number,
  /** rows in all */
  rows: number, };

/** One file that differs. */
export type DifferentFile = { path: string,
  /** where it was, of a moved one */
  was: string | null, difference: FileDifference, kind: FileKind,
  /** bytes */
  sizeA: number | null, sizeB: number | null, nodeA: number | null, nodeB: number | null,
  /** `mode -rw-r--r-- to -rwxr-xr-x`, `owner 0:0 to 1000:1000`, `content` */
  what: string, };

/** A page of them. */
export type DifferentFiles = { total: number, offset: number, rows: Array<DifferentFile>, };

/** One line of a text diff. */
export type DiffLine = {
  /** null where it is not there */
  a: number | null, b: number | null, text: string, };

/** Two texts beside one another; `lines` is null where one of them is no text, or too long. */
export type TextDiff = { lines: Array<DiffLine> | null, why: string | null, };

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
  ping_registry: [{ host: string }, Ping];
  practice_shelf: [{}, PracticeShelf];
  list_catalog: [{ host: string; after: string | null }, CatalogPage];
  open_repository: [{ input: string }, RepositoryHead];
  watch_repository: [{ id: number; onUpdate: unknown }, null];
  query_tags: [{ query: TagQuery }, TagRows];
  describe_tags: [{ id: number; tags: Array<string> }, DescribedTags];
  close_repository: [{ id: number }, null];
  rate_limit: [{ host: string }, RateLimit | null];
  plan_delete: [{ repository: string; tags: Array<string> }, DeletePlan];
  delete_tags: [{ request: DeleteRequest }, DeleteReport];
  list_referrers: [{ input: string; from: LookIn }, ReferrerList];
  sign_in_form: [{ host: string }, SignInForm];
  test_sign_in: [{ request: SignInRequest }, SignInTest];
  sign_in: [{ request: SignInRequest }, SignedIn];
  sign_out: [{ host: string }, SignedOut];
  credential_trail: [{ host: string }, CredentialTrail];
  list_images: [{}, Array<LocalImage>];
  inspect_image: [{ input: string; from: LookIn; platform: string | null }, ImageDetail];
  open_link: [{ input: string; from: LookIn; platform: string | null; key: string; host: string }, null];
  compare_images: [{ a: CompareSide; b: CompareSide }, Comparison];
  remove_images: [{ references: Array<string> }, RemoveReport];
  collect_garbage: [{ dryRun: boolean }, GarbageReport];
  start_pull: [{ request: PullRequest }, number];
  plan_push: [{ request: PushRequest }, PushPlan];
  start_push: [{ request: PushRequest }, number];
  tag_image: [{ reference: string; name: string; replace: boolean }, Tagged];
  retag: [{ reference: string; tag: string; replace: boolean }, Tagged];
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
  watch_files: [{ onEvent: unknown }, null];
  open_files: [{ folder: boolean }, Array<GivenFile>];
  identify_file: [{ file: number }, ArchiveView];
  start_load: [{ request: LoadRequest }, number];
  start_import: [{ request: ImportRequest }, number];
  plan_save: [{ source: SaveSource }, SavePlan];
  start_save: [{ request: SaveRequest }, number | null];
  start_export: [{ request: ExportRequest }, number | null];
  drag_out: [{ item: DragItem }, boolean];
  save_item: [{ item: DragItem }, SavedItem | null];
  show_saved: [{ job: number }, null];
  list_daemons: [{}, Array<DaemonView>];
  daemon_images: [{ daemon: string }, Array<DaemonImage>];
  start_take: [{ daemon: string; image: string; replace: boolean }, number];
  start_give: [{ daemon: string; input: string; platform: string | null }, number];
  open_tree: [{ of: LayersOf; rows: number; onProgress: unknown }, OpenedTree];
  close_tree: [{ tree: number }, null];
  fetched_bytes: [{ tree: number }, number | null];
  open_view: [{ tree: number; scope: FileScope; filter: FileFilter }, FileViewHead];
  close_view: [{ view: number }, null];
  fold_files: [{ view: number; node: number; open: boolean; deep: boolean }, FileViewHead];
  file_rows: [{ view: number; offset: number; limit: number }, FileRows];
  find_file: [{ view: number; text: string; from: number | null; backwards: boolean }, FoundFile | null];
  reveal_file: [{ view: number; node: number }, FoundFile | null];
  file_detail: [{ tree: number; node: number }, FileDetail];
  preview_file: [{ tree: number; node: number; layer: number | null }, FilePreview];
  file_bytes: [{ tree: number; node: number; layer: number | null; offset: number }, HexPage];
  waste: [{ tree: number }, WasteReport];
  find_duplicates: [{ tree: number; onProgress: unknown }, Array<DuplicateGroup>];
  file_map: [{ tree: number; node: number | null; items: number }, Array<MapItem>];
  compare_trees: [{ a: number; b: number }, FileComparison];
  different_files: [{ comparison: number; only: FileDifference | null; offset: number; limit: number }, DifferentFiles];
  version_diff: [{ tree: number; a: FileVersionOf; b: FileVersionOf }, TextDiff];
  text_diff: [{ comparison: number; path: string }, TextDiff];
  read_network: [{}, NetworkSettings];
  write_host: [{ settings: HostSettings }, NetworkSettings];
  write_proxy: [{ proxy: ProxySettings }, NetworkSettings];
  trust_realm: [{ host: string; trusted: boolean }, NetworkSettings];
  read_certificates: [{ host: string }, CertificateChain];
  trust_certificate: [{ host: string; sha256: string }, null];
  read_settings: [{}, Settings];
  write_settings: [{ settings: Settings }, null];
};
