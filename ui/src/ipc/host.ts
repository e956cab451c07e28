// The port between the page and whatever serves it: Tauri's Rust side in the app, the fake in
// tests and in a plain browser. Nothing here knows either of them.

import type { Commands, DuplicateGroup, ExchangeHead, Fault, FilesEvent, JobOutcome, JobUpdate, LayersOf, OpenedTree, RepositoryHead, TreeProgress } from "./bindings";

/** Commands that answer once. The streaming ones have methods of their own below. */
export type CallName = Exclude<keyof Commands, "watch_job" | "watch_exchanges" | "watch_repository" | "watch_files" | "open_tree" | "find_duplicates">;
export type CallArguments<K extends CallName> = Commands[K][0];
export type CallResult<K extends CallName> = Commands[K][1];

export type Host = {
  /** Rejects with a `Fault`, never with anything else. */
  call: <K extends CallName>(name: K, args: CallArguments<K>) => Promise<CallResult<K>>;
  /** Resolves when the job ends; the first update has every row and line, later ones what changed. */
  watchJob: (id: number, onUpdate: (update: JobUpdate) => void) => Promise<JobOutcome>;
  /** Streams exchanges as they begin, move and end, for as long as the page lives. */
  watchExchanges: (onExchanges: (heads: ExchangeHead[]) => void) => void;
  /** Streams how far the list of tags is; resolves when no more will come. */
  watchRepository: (id: number, onUpdate: (head: RepositoryHead) => void) => Promise<null>;
  /** Streams what happens with files over the window, for as long as the page lives. */
  watchFiles: (onEvent: (event: FilesEvent) => void) => void;
  /** Resolves when every layer is indexed; streams how far each of them is. */
  openTree: (of: LayersOf, rows: number, onProgress: (progress: TreeProgress) => void) => Promise<OpenedTree>;
  /** Files with one content; streams how far it is, where something has to be read. */
  findDuplicates: (tree: number, onProgress: (progress: TreeProgress) => void) => Promise<DuplicateGroup[]>;
};

/** Turns whatever was thrown into a `Fault`, so that views have one thing to draw. */
export function toFault(thrown: unknown): Fault {
  if (isFault(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: "internal",
    message,
    hint: null,
    causes: [],
    side: null,
    digest: null,
    exchange: null,
    choices: [],
    remedies: [],
    docker: null,
  };
}

function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "code" in value && "message" in value && "causes" in value;
}
