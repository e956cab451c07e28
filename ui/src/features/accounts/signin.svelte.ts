// What the sign-in dialog knows: which registry, what was typed, and what the registry said to it.
// The secret lives here and in the field alone; it goes with the dialog, and with every other registry that is chosen.

import { ReadCache } from "../../state/cache";
import type { Fault, Keep, KeepOption, SignedIn, SignedOut, SignInForm, SignInRequest, SignInTest, Vendor } from "../../ipc/bindings";
import { toFault, type Host } from "../../ipc/host";
import { runs } from "../../lib/prose";
import type { Read } from "../../state/reads.svelte";
import { readHost } from "../settings/hosts";
import { presetOf, vendorOf, type Preset } from "./presets";

export type Chosen = { keep: Keep; helper: string | null };

/** The registry answered, and the answer is no. Anything else kept it from answering. */
export function isRefusal(fault: Fault): boolean {
  return fault.code === "auth_refused" || fault.code === "auth_required";
}

export class SignInModel {
  vendor = $state<Vendor>("hub");
  /** As it is typed; only for registries whose host is not fixed. */
  hostText = $state("");
  username = $state<string | null>(null);
  secret = $state("");
  choice = $state.raw<Chosen | null>(null);
  busy = $state<"test" | "sign-in" | "sign-out" | null>(null);
  test = $state.raw<SignInTest | null>(null);
  /** What was asked for last: it is what is done again. */
  tried = $state<"test" | "sign-in">("test");
  /** Why a command could not be done at all. */
  fault = $state.raw<Fault | null>(null);
  signedIn = $state.raw<SignedIn | null>(null);
  signedOut = $state.raw<SignedOut | null>(null);

  readonly #host: Host;
  readonly #forms = new ReadCache<SignInForm>();
  /** The typed host, once typing has rested: Rust is not asked about every letter. */
  #asked = $state("");

  constructor(host: Host, registry: string | null) {
    this.#host = host;
    if (registry !== null) {
      this.vendor = vendorOf(registry);
      if (presetOf(this.vendor).host === null) this.hostText = this.#asked = registry;
    }
  }

  get preset(): Preset {
    return presetOf(this.vendor);
  }
  /** Null while the typed host is none. */
  get host(): string | null {
    return this.preset.host ?? readHost(this.hostText, []).host;
  }
  get hostProblem(): string | null {
    return this.preset.host !== null || this.hostText.trim() === "" ? null : readHost(this.hostText, []).problem;
  }

  /** What is asked for there. Before a host is typed: what one of its kind would ask for. */
  get read(): Read<SignInForm> {
    const settled = this.preset.host ?? (readHost(this.#asked, []).host ?? this.preset.example);
    return this.#forms.get(settled, () => this.#host.call("sign_in_form", { host: settled }));
  }
  get form(): SignInForm | null {
    return this.read.value;
  }

  get user(): string {
    const { form } = this;
    return form?.userFixed ?? this.username ?? (this.host === null ? "" : (form?.account ?? ""));
  }

  /** User names that the hint spells out and that are the same for everyone: nobody should have to type 32 zeros. */
  get usual(): string[] {
    const { form, vendor } = this;
    if (form?.userFixed !== null || (vendor !== "acr" && vendor !== "google") || this.user !== "") return [];
    return runs(form.userHint ?? "").filter(({ code }) => code).map(({ text }) => text);
  }

  get keep(): KeepOption | null {
    const keeps = this.form?.keeps.filter(({ available }) => available) ?? [];
    const wanted = this.choice;
    return keeps.find(({ keep, helper }) => keep === wanted?.keep && helper === wanted.helper) ?? keeps.find(({ recommended }) => recommended) ?? keeps[0] ?? null;
  }

  /** Why it can't be tested or kept yet; null where it can. */
  get missing(): string | null {
    if (this.host === null) return "Type the host of the registry";
    if (this.form === null) return "Reading what this registry takes";
    if (this.user.trim() === "") return `Type the ${this.form.userLabel.toLowerCase()}`;
    if (this.secret === "") return `Type the ${this.form.secretLabel.toLowerCase()}`;
    if (this.keep === null) return "There is no place to keep it in";
    return null;
  }

  choose(vendor: Vendor): void {
    if (vendor === this.vendor) return;
    this.vendor = vendor;
    this.hostText = this.#asked = "";
    this.username = null;
    this.choice = null;
    this.forget();
    this.signedOut = null;
  }
  /** For the field of the host; `settle` once typing rests. */
  typeHost(text: string): void {
    this.hostText = text;
    this.said();
  }
  settle(): void {
    if (this.#asked === this.hostText) return;
    this.#asked = this.hostText;
    // Another registry's own row knows better what it takes.
    const { host } = this;
    const vendor = host === null ? this.vendor : vendorOf(host);
    if (host === null || vendor === this.vendor) return;
    this.vendor = vendor;
    if (this.preset.host !== null) this.hostText = this.#asked = "";
  }
  type(part: { username?: string; secret?: string }): void {
    if (part.username !== undefined) this.username = part.username;
    if (part.secret !== undefined) this.secret = part.secret;
    this.said();
  }
  /** What was answered was about something else. */
  said(): void {
    this.test = null;
    this.fault = null;
  }
  /** Nothing secret stays. */
  forget(): void {
    this.secret = "";
    this.said();
  }

  /** Asks the registry; nothing is kept. */
  async runTest(): Promise<void> {
    const request = this.#request();
    if (request === null || this.busy !== null) return;
    this.said();
    this.busy = this.tried = "test";
    try {
      const test = await this.#host.call("test_sign_in", { request });
      // What was typed since then was not tested.
      if (request.secret === this.secret && request.username === this.user.trim() && request.host === this.host) this.test = test;
    } catch (thrown) {
      this.fault = toFault(thrown);
    }
    this.busy = null;
  }

  /** Asks with what is kept for the registry: an empty secret stands for it. */
  async testKept(): Promise<void> {
    const { host, form } = this;
    if (host === null || this.busy !== null || form?.account == null) return;
    this.said();
    this.busy = "test";
    try {
      const test = await this.#host.call("test_sign_in", { request: { host, username: form.account, secret: "", keep: "session", helper: null } });
      if (host === this.host) this.test = test;
    } catch (thrown) {
      this.fault = toFault(thrown);
    }
    this.busy = null;
  }

  /** Asks the registry, and keeps what it accepts. A refusal is shown as a test's is. */
  async run(): Promise<boolean> {
    const request = this.#request();
    if (request === null || this.busy !== null) return false;
    this.said();
    this.busy = this.tried = "sign-in";
    const began = performance.now();
    try {
      this.signedIn = await this.#host.call("sign_in", { request });
      this.secret = "";
    } catch (thrown) {
      const fault = toFault(thrown);
      if (isRefusal(fault)) this.test = { accepted: false, account: null, said: fault.message, exchange: fault.exchange, status: null, milliseconds: performance.now() - began, fault };
      else this.fault = fault;
    }
    this.busy = null;
    return this.signedIn !== null;
  }

  async signOut(): Promise<boolean> {
    const { host } = this;
    if (host === null || this.busy !== null) return false;
    this.said();
    this.busy = "sign-out";
    try {
      this.signedOut = await this.#host.call("sign_out", { host });
      this.username = null;
      await this.read.refresh();
    } catch (thrown) {
      this.fault = toFault(thrown);
    }
    this.busy = null;
    return this.signedOut !== null && this.fault === null;
  }

  #request(): SignInRequest | null {
    const { host, keep } = this;
    if (this.missing !== null || host === null || keep === null) return null;
    return { host, username: this.user.trim(), secret: this.secret, keep: keep.keep, helper: keep.helper };
  }
}
