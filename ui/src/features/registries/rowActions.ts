// What can be done with a registry of the sidebar.

import type { IconName } from "../../design/icons";
import type { RegistryEntry } from "../../ipc/bindings";
import type { App } from "../../state/app.svelte";
import { logoutCommand } from "../accounts/command";
import { familiarSegments } from "../../lib/segments";

export type RowAction = { label: string; icon: IconName; separated?: boolean; /** why it can't be done now */ reason?: string | null; run: () => void };

export function rowActions(app: App, entry: RegistryEntry): RowAction[] {
  const { host, kind } = entry;
  if (kind === "practice") return [{ label: "Open practice registry", icon: "anchor", run: () => app.go({ kind: "home" }) }];
  const items: RowAction[] = [];
  if (entry.state === "account") {
    items.push({ label: "Change account…", icon: "key", run: () => void app.signIn(host) });
    items.push({ label: "Sign out", icon: "log-out", run: () => void signOut(app, entry) });
  } else {
    items.push({ label: "Sign in…", icon: "key", run: () => void app.signIn(host) });
  }
  items.push({ label: "Where its account comes from", icon: "search", run: () => void app.dialogs.ask({ kind: "trail", host }) });
  items.push({ label: "Settings of this host…", icon: "settings", run: () => void app.dialogs.ask({ kind: "host", host }) });
  items.push({ label: "Remove from the list", icon: "close", separated: true, reason: whyItStays(app, entry), run: () => void remove(app, entry) });
  return items;
}

/** Signs out at once: what was kept is named, and signing in again brings it back. */
async function signOut(app: App, { host, label }: RegistryEntry): Promise<void> {
  try {
    const { removed, left } = await app.host.call("sign_out", { host });
    app.command = logoutCommand(host);
    app.announce(removed.length > 0 ? `Signed out of ${label}: removed from ${removed.join(", ")}` : `Signed out of ${label}`);
    void app.registries.refresh();
    // What could not be removed is said where it can be looked at.
    if (left.length > 0) void app.dialogs.ask({ kind: "trail", host });
  } catch {
    // The dialog says what is in the way, and has the same button.
    void app.signIn(host);
  }
}

const hostOf = (reference: string) => familiarSegments(reference).find(({ kind }) => kind === "registry")?.text ?? "docker.io";

/** What names a registry keeps its row; null where the row can go. */
export function whyItStays(app: App, { host, kind, state }: RegistryEntry): string | null {
  if (kind === "hub" || kind === "ghcr") return "It is always in the list";
  if (state === "account") return "Sign out first";
  if ((app.images.value ?? []).some(({ registry }) => registry === host)) return "Images on this computer come from it";
  return null;
}

/** Forgets what names it: the list, its settings, what was opened and pinned there. */
async function remove(app: App, { host, label }: RegistryEntry): Promise<void> {
  const { registries, pinned, recent } = app.settings.value;
  const elsewhere = (names: string[]) => names.filter((name) => hostOf(name) !== host);
  await app.settings.change({ registries: registries.filter((known) => known !== host), pinned: elsewhere(pinned), recent: elsewhere(recent) });
  if (app.network.value?.hosts.some((known) => known.host === host)) await app.network.removeHost(host);
  await app.registries.refresh();
  app.announce(`${label} is no longer in the list`);
}
