/** What an image's page says in words, derived from what the host answered. */
import type { ImageDetail, KeyValue, PlatformEntry, RawDocument } from "../../ipc/bindings";
import { bytes, inWords, plural } from "../../lib/format";

/** The parts of a canonical name that the page needs apart. */
export function nameParts(reference: string): { registry: string; path: string; repository: string; withoutTag: string } {
  const name = reference.split("@", 1)[0] ?? reference;
  const slash = name.indexOf("/");
  const registry = slash < 0 ? "" : name.slice(0, slash);
  const rest = name.slice(slash + 1);
  const colon = rest.lastIndexOf(":");
  const path = colon > rest.lastIndexOf("/") ? rest.slice(0, colon) : rest;
  return {
    registry,
    path,
    repository: path.slice(path.lastIndexOf("/") + 1),
    withoutTag: registry === "" ? path : `${registry}/${path}`,
  };
}

/** A registry as people call it. */
export const registryLabel = (registry: string): string => (registry === "docker.io" ? "Docker Hub" : registry);

export function whereItIs(detail: Pick<ImageDetail, "from" | "local" | "reference">): string {
  const registry = registryLabel(nameParts(detail.reference).registry);
  if (detail.from === "store") return "On this computer";
  if (detail.local === "same") return `On this computer and on ${registry}`;
  return detail.local === "older" ? `On ${registry}; an older one is on this computer` : `On ${registry}`;
}

/** Bytes that a pull of the shown platform would move. */
export function missingBytes(detail: Pick<ImageDetail, "transferSize" | "presentSize">): number {
  return Math.max(0, detail.transferSize - detail.presentSize);
}

export type Platforms = { choices: PlatformEntry[]; attestations: number };

/** Attestations describe a platform; they are none, so they are counted apart and never chosen. */
export function splitPlatforms(entries: readonly PlatformEntry[]): Platforms {
  const isAttestation = (entry: PlatformEntry) => entry.attestation && /(^|\/)unknown(\/|$)|^$/.test(entry.platform);
  return {
    choices: entries.filter((entry) => !isAttestation(entry)),
    attestations: entries.filter((entry) => entry.attestation).length,
  };
}

export type DocumentKind = "index" | "manifest" | "config" | "other";

export function documentKind(detail: ImageDetail, document: Pick<RawDocument, "digest">): DocumentKind {
  if (document.digest === detail.index?.digest) return "index";
  if (document.digest === detail.manifest?.digest) return "manifest";
  return document.digest === detail.config?.digest ? "config" : "other";
}

/** The word for a document in the switch above it. */
export function documentLabel(detail: ImageDetail, document: RawDocument): string {
  switch (documentKind(detail, document)) {
    case "index":
      return "Index";
    case "manifest":
      return detail.index === null ? "Manifest" : (detail.manifest?.platform ?? "Manifest");
    case "config":
      return "Config";
    case "other":
      return document.title;
  }
}

/** `linux/amd64: names one config and eight layers, 1.9 kB`. */
export function manifestLine(detail: ImageDetail): string {
  if (detail.manifest === null) return "";
  const { platform, size } = detail.manifest;
  const layers = detail.layerCount > 10 ? plural(detail.layerCount, "layer") : `${inWords(detail.layerCount)} ${detail.layerCount === 1 ? "layer" : "layers"}`;
  return `${platform}: names one config and ${layers}, ${bytes(size)}`;
}

/** `8 layers, 99.4 MB to transfer, 71.5 MB already here`. */
export function layersLine(detail: ImageDetail): string {
  const parts = [plural(detail.layerCount, "layer"), `${bytes(detail.transferSize)} to transfer`];
  if (detail.presentSize > 0) parts.push(missingBytes(detail) === 0 ? "all of it already here" : `${bytes(detail.presentSize)} already here`);
  return parts.join(", ");
}

/** Why a raw view is all there is. */
export function whyRaw(mediaType: string): { title: string; text: string } {
  if (mediaType.includes("docker.distribution.manifest.v1+")) {
    return {
      title: "This image is in a format from before 2015",
      text: "Docker's manifest schema 1 describes layers in another way and cannot be checked as a whole by its digest. Registries have stopped taking it; pull and push it once with an old Docker client to convert it, or ask its owner for a newer tag.",
    };
  }
  return {
    title: "This is not an image that runs",
    text: "Registries also keep other things under a digest: charts, signatures, policies, models. Longshore shows the documents as they came.",
  };
}

/** Labels of the OCI are told apart by their end. */
export function shortKey(key: string): string {
  const known = /^org\.opencontainers\.image\.(.+)$/.exec(key);
  return known ? `\u2026${known[1] ?? ""}` : key;
}

/** An argument list as a person would type it. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => (word !== "" && /^[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

export type Fact = { key: string; value: string; note?: string };

/** How a container of this image would start. */
export function runFacts(run: NonNullable<ImageDetail["run"]>): Fact[] {
  const facts: Fact[] = [];
  const add = (key: string, value: string, note?: string) => facts.push(note === undefined ? { key, value } : { key, value, note });
  if (run.command.length > 0) add("Command", commandLine(run.command));
  if (run.entrypoint.length > 0) add("Entrypoint", commandLine(run.entrypoint));
  if (run.command.length === 0 && run.entrypoint.length === 0) add("Command", "", "none: docker run needs one");
  add("Directory", run.workingDir ?? "/", run.workingDir === null ? "default" : undefined);
  const user = run.user ?? "";
  const root = user === "" || /^(root|0)(:|$)/.test(user);
  add("User", user === "" ? "root" : user, user === "" ? "default" : root ? undefined : "not root");
  if (run.ports.length > 0) add("Ports", run.ports.join(", "));
  if (run.volumes.length > 0) add("Volumes", run.volumes.join(", "));
  add("Stop signal", run.stopSignal ?? "SIGTERM", run.stopSignal === null ? "default" : undefined);
  if (run.healthcheck !== null) add("Health check", run.healthcheck);
  return facts;
}

/** Labels with their short keys, in the order of the image. */
export function labelRows(labels: readonly KeyValue[]): { key: string; full: string; value: string }[] {
  return labels.map(({ key, value }) => ({ key: shortKey(key), full: key, value }));
}
