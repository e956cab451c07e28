// Generated from src-tauri/src/wire by `cargo test -p longshore-desktop bindings`. Do not edit.

/** How a command fails. `code` is stable; the UI's table of codes is total. */
export type Fault = {
  code: FaultCode; message: string; hint: string | null; causes: string[];
  /** Which side failed, where one did. */
  side: "source" | "sink" | null;
  digest: string | null;
  /** Id of the exchange that shows it (see `read_exchange`). */
  exchange: number | null;
  /** Platforms to choose from, for `platform_missing`. */
  choices: string[];
};
export type FaultCode =
  | "reference_invalid" | "digest_invalid" | "platform_invalid"
  | "unreachable" | "connection_lost" | "timeout" | "tls_failed" | "not_a_registry" | "plain_http_refused"
  | "redirect_refused" | "auth_required" | "auth_refused" | "realm_refused" | "token_invalid"
  | "credential_helper" | "credential_config" | "rate_limited" | "not_found" | "registry_refused"
  | "registry_failed" | "protocol_violation" | "content_mismatch" | "too_large" | "manifest_invalid"
  | "manifest_unsupported" | "platform_missing" | "image_missing" | "store_full" | "store_read_only"
  | "store_corrupt" | "store_failed" | "config_invalid" | "cancelled" | "internal";

export type AppInfo = {
  version: string; storePath: string;
  /** The platform pulled when none is chosen, e.g. `linux/amd64`. */
  platform: string;
  /** `127.0.0.1:5055`; null when the practice registry could not start. */
  practiceHost: string | null; practiceFault: Fault | null;
  dockerConfigPath: string | null;
};

export type SegmentKind = "registry" | "namespace" | "repository" | "tag" | "digest";
export type Presence = "typed" | "implied" | "absent";
/** One bracket of the breakdown. `text` has no punctuation; for an absent segment it is empty. */
export type Segment = { kind: SegmentKind; text: string; presence: Presence; explanation: string };
export type Trap = { code: "hub_not_registry" | "upper_case" | "digest_wins" | "tag_like_port" | "scheme_typed" | "latest_moves"; message: string };
export type Breakdown = {
  registry: string; /** namespace and repository */ path: string; namespace: string; repository: string;
  tag: string | null; digest: string | null;
  canonical: string; familiar: string; apiHost: string; implied: SegmentKind[];
  segments: Segment[];
  /** What to append to the typed text as a grey ghost, e.g. `:latest`; empty if none. */
  ghost: string;
};
export type Explanation = {
  input: string; breakdown: Breakdown | null;
  problem: { message: string; hint: string | null; /** byte offsets into input to underline */ from: number; to: number } | null;
  traps: Trap[];
};

export type RegistryEntry = {
  host: string; label: string; kind: "hub" | "ghcr" | "practice" | "other";
  /** Second line of the row: `Anonymous`, `username`, `Running in Longshore`, `No sign-in, plain HTTP`. */
  state: "anonymous" | "account" | "practice" | "stopped" | "plain"; account: string | null;
};

export type PracticeLayer = { digest: string; size: number; label: string; presentLocally: boolean };
export type PracticeImage = {
  /** full reference, e.g. `127.0.0.1:5055/web:2.0` */ reference: string; repository: string; tag: string; about: string;
  platforms: string[];
  /** bottom (base) first; for a multi-platform image one layer a platform, labelled with it */ layers: PracticeLayer[];
  size: number; /** bytes still to fetch */ missing: number; local: boolean;
};
export type PracticeShelf = { host: string; images: PracticeImage[] };

export type LocalImage = {
  /** canonical name, or null for a nameless (digest only) entry */ reference: string | null;
  familiar: string; registry: string; path: string; tag: string | null;
  digest: string; mediaType: string; platforms: string[];
  /** transfer size of config and layers of what is here, bytes */ size: number;
  created: string | null; pulledAt: string | null;
};

export type LayerDetail = {
  /** 1 is the base; null for history steps without bytes */ number: number | null;
  digest: string | null; diffId: string | null; size: number; mediaType: string | null;
  /** gzip, zstd, none */ compression: string | null;
  /** Dockerfile-like step: `RUN npm ci`, `ADD rootfs.tar.xz /`; raw `created_by` beside */
  instruction: string; arguments: string; createdBy: string; created: string | null; comment: string | null;
  emptyLayer: boolean; presentLocally: boolean;
  /** other local images (familiar names) with this layer */ alsoIn: string[];
};
export type PlatformEntry = { platform: string; digest: string; manifestSize: number; /** null where not known yet */ size: number | null; presentLocally: boolean; selected: boolean; attestation: boolean };
export type KeyValue = { key: string; value: string };
export type HowItRuns = {
  command: string[]; entrypoint: string[]; workingDir: string | null; user: string | null; ports: string[]; volumes: string[];
  stopSignal: string | null; healthcheck: string | null; environment: KeyValue[]; labels: KeyValue[];
};
/** A raw document, exactly as received. `text` is null where it is not UTF-8. */
export type RawDocument = { title: string; digest: string; mediaType: string; size: number; text: string | null };
export type ImageDetail = {
  reference: string; familiar: string; tag: string | null; from: "registry" | "store";
  /** what the name points to */ digest: string; mediaType: string; size: number;
  /** null for a single-platform image */ index: { digest: string; size: number; mediaType: string } | null;
  /** null where the object is an artifact or unsupported: then only `documents` is filled */
  manifest: { digest: string; size: number; mediaType: string; platform: string } | null;
  config: { digest: string; size: number } | null;
  platforms: PlatformEntry[]; /** base first, history steps interleaved */ layers: LayerDetail[];
  layerCount: number; transferSize: number; presentSize: number; created: string | null; author: string | null;
  run: HowItRuns | null; annotations: KeyValue[];
  /** index (if any), manifest, config */ documents: RawDocument[];
  /** flags on odd content: `The config lists 3 diff IDs for 4 layers` */ flags: string[];
  local: "same" | "older" | "absent";
};

export type PullRequest = { input: string; platform: string | null; allPlatforms: boolean; allTags: boolean };
export type RowState = "waiting" | "exists" | "downloading" | "retrying" | "verifying" | "complete" | "paused" | "failed";
export type TransferRow = { digest: string; kind: "layer" | "config" | "manifest"; size: number; done: number; state: RowState; /** `Retrying in 12 s`, a mismatch… */ note: string | null };
export type JobState = "queued" | "resolving" | "running" | "paused" | "done" | "failed" | "cancelled";
export type JobHead = {
  id: number; verb: "pull"; title: string; reference: string; platform: string | null; state: JobState;
  /** bytes */ total: number; /** already here, skipped */ skipped: number; /** arrived in this job, resumed prefix included */ arrived: number;
  /** bytes a second, 3 s average */ rate: number; /** seconds left; null until two seconds in */ eta: number | null;
  startedAt: string; /** milliseconds of work, pauses left out */ elapsed: number;
  /** the docker line */ command: string;
  /** the root's digest when done */ digest: string | null; fault: Fault | null;
};
/** At most 20 a second. The first update of a watch has every row and line; later ones only what changed. */
export type JobUpdate = { job: JobHead; rows: TransferRow[]; /** lines of "as the Docker client prints it", whole */ lines: string[] };
export type JobOutcome = { state: "done" | "failed" | "cancelled"; digest: string | null; upToDate: boolean; fault: Fault | null };

export type ExchangeHead = {
  id: number; job: number | null; method: string; host: string; /** path and query, redacted */ path: string;
  role: "registry" | "auth" | "cdn"; status: number | null; /** ms */ elapsed: number; /** bytes of body received so far */ received: number; expected: number | null;
  live: boolean; /** `token`, `index, 9 platforms`, `go to the CDN`, or the failure */ summary: string; failed: boolean;
};
export type Header = { name: string; /** null: redacted */ value: string | null; /** `Bearer`, for a redacted authorization */ scheme: string | null };
export type ExchangeDetail = { head: ExchangeHead; explanation: string; requestHeaders: Header[]; responseHeaders: Header[]; /** small text bodies, at most 64 KiB, secrets out */ body: string | null; timing: KeyValue[] };

export type RemoveReport = { removed: string[]; freedBytes: number };
export type GarbageReport = { blobs: number; bytes: number; dryRun: boolean };
export type Theme = "system" | "light" | "dark";
export type Settings = { theme: Theme; platform: string | null; plainHttp: string[]; recent: string[]; pinned: string[]; wireOpen: boolean };

/** name -> [arguments, result] of every command; `invoke` names are the keys. */
export type Commands = {
  app_info: [{}, AppInfo];
  explain_reference: [{ input: string }, Explanation];
  list_registries: [{}, RegistryEntry[]];
  practice_shelf: [{}, PracticeShelf];
  list_images: [{}, LocalImage[]];
  inspect_image: [{ input: string; from: "registry" | "store" | "auto"; platform: string | null }, ImageDetail];
  remove_images: [{ references: string[] }, RemoveReport];
  collect_garbage: [{ dryRun: boolean }, GarbageReport];
  start_pull: [{ request: PullRequest }, number];
  list_jobs: [{}, JobHead[]];
  /** resolves when the job ends; `onUpdate` is a tauri Channel<JobUpdate> */
  watch_job: [{ id: number; onUpdate: unknown }, JobOutcome];
  pause_job: [{ id: number }, null]; resume_job: [{ id: number }, null]; cancel_job: [{ id: number }, null]; dismiss_job: [{ id: number }, null];
  list_exchanges: [{ after: number }, ExchangeHead[]];
  read_exchange: [{ id: number }, ExchangeDetail];
  /** streams heads as they begin, move and end, at most 20 messages a second; Channel<ExchangeHead[]>; never resolves until the page goes */
  watch_exchanges: [{ onExchanges: unknown }, null];
  /** hashes stored bytes again, on this computer */
  hash_document: [{ reference: string; digest: string }, { digest: string; bytes: number; milliseconds: number }];
  read_settings: [{}, Settings];
  write_settings: [{ settings: Settings }, null];
};
