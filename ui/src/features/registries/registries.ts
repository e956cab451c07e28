// The rows of the sidebar: what each registry is, and how one is signed in there.

import type { RegistryEntry } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";

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

/** What goes into the reference bar when a registry is clicked: Docker Hub needs no host. */
export function startOf(entry: RegistryEntry): string {
  return entry.kind === "hub" ? "" : `${entry.host}/`;
}
