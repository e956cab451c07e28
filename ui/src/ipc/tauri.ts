// The only file that talks to Tauri.

import { Channel, invoke, isTauri } from "@tauri-apps/api/core";
import type { DuplicateGroup, ExchangeHead, FilesEvent, JobOutcome, JobUpdate, LayersOf, OpenedTree, RepositoryHead, TreeProgress } from "./bindings";
import { toFault, type CallArguments, type CallName, type CallResult, type Host } from "./host";

export { isTauri };

async function send<T>(name: string, args: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(name, args);
  } catch (thrown) {
    throw toFault(thrown);
  }
}

export const tauriHost: Host = {
  call<K extends CallName>(name: K, args: CallArguments<K>): Promise<CallResult<K>> {
    return send<CallResult<K>>(name, args);
  },

  watchJob(id: number, onUpdate: (update: JobUpdate) => void): Promise<JobOutcome> {
    const channel = new Channel<JobUpdate>();
    channel.onmessage = onUpdate;
    return send<JobOutcome>("watch_job", { id, onUpdate: channel });
  },

  watchExchanges(onExchanges: (heads: ExchangeHead[]) => void): void {
    const channel = new Channel<ExchangeHead[]>();
    channel.onmessage = onExchanges;
    // It resolves only when the page goes; a refusal leaves the Wire view empty, which it says itself.
    void send<null>("watch_exchanges", { onExchanges: channel }).catch((fault: unknown) => {
      console.error("watch_exchanges", fault);
    });
  },

  watchRepository(id: number, onUpdate: (head: RepositoryHead) => void): Promise<null> {
    const channel = new Channel<RepositoryHead>();
    channel.onmessage = onUpdate;
    return send<null>("watch_repository", { id, onUpdate: channel });
  },

  watchFiles(onEvent: (event: FilesEvent) => void): void {
    const channel = new Channel<FilesEvent>();
    channel.onmessage = onEvent;
    // It resolves only when the page goes; after a refusal the buttons that open files still work.
    void send<null>("watch_files", { onEvent: channel }).catch((fault: unknown) => {
      console.error("watch_files", fault);
    });
  },

  openTree(of: LayersOf, rows: number, onProgress: (progress: TreeProgress) => void): Promise<OpenedTree> {
    const channel = new Channel<TreeProgress>();
    channel.onmessage = onProgress;
    return send<OpenedTree>("open_tree", { of, rows, onProgress: channel });
  },

  findDuplicates(tree: number, onProgress: (progress: TreeProgress) => void): Promise<DuplicateGroup[]> {
    const channel = new Channel<TreeProgress>();
    channel.onmessage = onProgress;
    return send<DuplicateGroup[]>("find_duplicates", { tree, onProgress: channel });
  },
};
