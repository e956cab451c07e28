// The rows of the sidebar: what each registry is, how one is signed in there, and what was opened of it.

import type { RegistryEntry } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";
import { familiarSegments } from "../../lib/segments";

const ICONS: Record<RegistryEntry["kind"], IconName> = { hub: "box", ghcr: "branch", practice: "anchor", other: "server" };

export function registryIcon(entry: RegistryEntry): IconName {
  return ICONS[entry.kind];
}

/** The second line: an icon, and how one is signed in. */
export function signInState(entry: RegistryEntry): { icon: IconName; text: string } {
  switch (entry.state) {
    case "anonymous":
      return { icon: "circle-dashed", text: entry.kind === "hub" ? "Anonymous" : "Not signed in" };
    case "account":
      return { icon: "key", text: entry.account ?? "Signed in" };
    case "practice":
      return { icon: "circle-dot", text: "Running in Longshore" };
    case "stopped":
      return { icon: "circle-x", text: "Not running" };
    case "plain":
      return { icon: "unlock", text: "No sign-in, plain HTTP" };
  }
}

export type Opened = { input: string; path: string };

/** Repositories opened before on this registry, newest first; several tags of one are one row. */
export function openedOn(entry: RegistryEntry, pinned: string[], recent: string[], most = 3): Opened[] {
  const rows = new Map<string, Opened>();
  for (const input of [...pinned, ...recent]) {
    const pieces = familiarSegments(input);
    const host = pieces.find(({ kind }) => kind === "registry")?.text ?? "docker.io";
    if (host !== entry.host) continue;
    const path = pieces
      .filter(({ kind }) => kind === "namespace" || kind === "repository")
      .map(({ text }) => text)
      .join("/");
    if (path !== "" && !rows.has(path)) rows.set(path, { input, path });
  }
  return [...rows.values()].slice(0, most);
}

/** What goes into the reference bar when a registry is clicked: Docker Hub needs no host. */
export function startOf(entry: RegistryEntry): string {
  return entry.kind === "hub" ? "" : `${entry.host}/`;
}
