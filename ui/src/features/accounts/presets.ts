// The registries that the sign-in dialog offers by name. What to type there, and where to get it, is Rust's to say.

import type { IconName } from "../../design/icons";
import type { Vendor } from "../../ipc/bindings";

export type Preset = {
  vendor: Vendor;
  name: string;
  /** The second line: its host, or the pattern of its hosts. */
  pattern: string;
  icon: IconName;
  /** Null where every customer has a host of their own. */
  host: string | null;
  /** A host of this kind, to show what one looks like. */
  example: string;
};

export const PRESETS: readonly Preset[] = [
  { vendor: "hub", name: "Docker Hub", pattern: "docker.io", icon: "box", host: "docker.io", example: "docker.io" },
  { vendor: "ghcr", name: "GitHub", pattern: "ghcr.io", icon: "branch", host: "ghcr.io", example: "ghcr.io" },
  { vendor: "ecr", name: "AWS ECR", pattern: "*.dkr.ecr.*.amazonaws.com", icon: "boxes", host: null, example: "123456789012.dkr.ecr.eu-central-1.amazonaws.com" },
  { vendor: "acr", name: "Azure", pattern: "*.azurecr.io", icon: "cloud", host: null, example: "example.azurecr.io" },
  { vendor: "google", name: "Google", pattern: "*-docker.pkg.dev", icon: "globe", host: null, example: "europe-docker.pkg.dev" },
  { vendor: "quay", name: "Quay", pattern: "quay.io", icon: "server", host: "quay.io", example: "quay.io" },
  { vendor: "other", name: "Another registry", pattern: "Any host and port", icon: "server", host: null, example: "registry.example.com:5000" },
];

const OTHER: Preset = { vendor: "other", name: "Another registry", pattern: "Any host and port", icon: "server", host: null, example: "registry.example.com:5000" };

export function presetOf(vendor: Vendor): Preset {
  return PRESETS.find((preset) => preset.vendor === vendor) ?? OTHER;
}

/** Which row a host belongs to, before Rust is asked. */
export function vendorOf(host: string): Vendor {
  const name = host.toLowerCase();
  if (["docker.io", "index.docker.io", "registry-1.docker.io"].includes(name)) return "hub";
  if (name === "ghcr.io") return "ghcr";
  if (/\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(name) || /\.dkr-ecr(-fips)?\.[a-z0-9-]+\.on\.aws$/.test(name) || name === "public.ecr.aws") return "ecr";
  if (/\.azurecr\.(io|cn|us)$/.test(name)) return "acr";
  if (name.endsWith("-docker.pkg.dev") || /(^|\.)gcr\.io$/.test(name)) return "google";
  if (name === "quay.io") return "quay";
  return "other";
}
