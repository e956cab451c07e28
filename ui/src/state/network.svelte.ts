// How hosts are reached, as it is kept on disk: the command line goes by the same and may change it meanwhile, so every
// write names one thing and answers the new whole.

import type { Fault, HostSettings, NetworkSettings, ProxySettings } from "../ipc/bindings";
import { toFault, type Host } from "../ipc/host";
import { Read } from "./reads.svelte";

export class Network {
  readonly read: Read<NetworkSettings>;
  /** Why the last write was refused; null where it was kept. */
  refused = $state.raw<Fault | null>(null);

  readonly #host: Host;
  readonly #changed: () => void;
  #writing: Promise<unknown> = Promise.resolve();

  /** `changed` is told after every write that was kept. */
  constructor(host: Host, changed: () => void) {
    this.#host = host;
    this.#changed = changed;
    this.read = new Read(() => host.call("read_network", {}));
  }

  get value(): NetworkSettings | null {
    return this.read.value;
  }

  /** What is set for a host; nothing special where it has no entry. */
  host(host: string): HostSettings {
    return this.value?.hosts.find((known) => known.host === host) ?? { host, plainHttp: false, skipTlsVerification: false, mirrors: [], trusted: [] };
  }

  /** Changes what is set for a host. False where it could not be kept. */
  changeHost(host: string, part: Partial<Omit<HostSettings, "host">>): Promise<boolean> {
    // Read at its turn, so that a change made meanwhile is not written over.
    return this.#write(() => this.#host.call("write_host", { settings: { ...this.host(host), ...part } }));
  }
  /** Nothing special is set for it any more. */
  removeHost(host: string): Promise<boolean> {
    return this.changeHost(host, { plainHttp: false, skipTlsVerification: false, mirrors: [], trusted: [] });
  }
  changeProxy(proxy: ProxySettings): Promise<boolean> {
    return this.#write(() => this.#host.call("write_proxy", { proxy }));
  }
  trustRealm(realm: string, trusted: boolean): Promise<boolean> {
    return this.#write(() => this.#host.call("trust_realm", { host: realm, trusted }));
  }
  /** The chain is read by the engine, so that what is trusted is what was shown. */
  async trustCertificate(host: string, sha256: string): Promise<boolean> {
    return this.#write(async () => {
      await this.#host.call("trust_certificate", { host, sha256 });
      return this.#host.call("read_network", {});
    });
  }

  #write(action: () => Promise<NetworkSettings>): Promise<boolean> {
    const turn = this.#writing.then(async () => {
      // What was never read must not be written over with defaults.
      if (this.value === null) await this.read.refresh();
      if (this.read.fault && this.value === null) {
        this.refused = this.read.fault;
        return false;
      }
      try {
        this.read.value = await action();
        this.refused = null;
      } catch (thrown) {
        this.refused = toFault(thrown);
        return false;
      }
      this.#changed();
      return true;
    });
    this.#writing = turn;
    return turn;
  }
}
