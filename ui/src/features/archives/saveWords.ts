/** What the save sheet says. Pure. */
import type { KeyValue, SaveFormat, SavePlan, SaveSource, Squeeze } from "../../ipc/bindings";
import { bytes, plural } from "../../lib/format";
import { commandLine, quoted } from "../../lib/shell";

/** What is written: the image as it is, or its files alone. */
export type Way = "save" | "export";

export const FORMATS: readonly { value: SaveFormat; label: string }[] = [
  { value: "hybrid", label: "Docker and OCI" },
  { value: "oci", label: "OCI archive" },
  { value: "folder", label: "OCI folder" },
];
export const FORMAT_NOTES: Record<SaveFormat, string> = {
  hybrid: "Read by every docker load, Podman, skopeo",
  oci: "Read by Docker 25 and later, Podman, skopeo",
  folder: "A folder for skopeo, umoci and other OCI tools",
};
export const COMPRESSIONS: readonly { value: Squeeze; label: string }[] = [
  { value: "none", label: "None" },
  { value: "gzip", label: "gzip" },
  { value: "zstd", label: "zstd" },
];
const ENDING: Record<Squeeze, string> = { none: "", gzip: ".gz", zstd: ".zst" };

/** Compressed layers hardly shrink again, so the figure is the same for each. */
export function sizeNote(way: Way, compression: Squeeze, saveBytes: number, exportBytes: number | null): string {
  if (way === "export") {
    if (exportBytes === null) return "the size is known once the layers are read";
    return compression === "none" ? `about ${bytes(exportBytes)}` : `${bytes(exportBytes)} before it is compressed`;
  }
  return `about ${bytes(saveBytes)}, layers stay as they are`;
}

/** bytes of one archive of all of them: a layer that two images share is written once */
export function archiveBytes(plans: readonly SavePlan[]): number {
  const seen = new Set<string>();
  let sum = 0;
  for (const { saveBytes, layers } of plans) {
    sum += saveBytes;
    for (const { digest, size } of layers) {
      if (seen.has(digest)) sum -= size;
      seen.add(digest);
    }
  }
  return Math.max(0, sum);
}

/** What the config carries, in a few words: `env, command, ports and 2 more`. What most images are chosen for stands first. */
export function settingsWords(settings: readonly KeyValue[]): string {
  const WORDS: Record<string, string> = { environment: "env", env: "env", cmd: "command", entrypoint: "entrypoint", exposedports: "ports", user: "user", workingfolder: "folder", volumes: "volumes", labels: "labels", stopsignal: "signal", history: "history" };
  const order = [...new Set(Object.values(WORDS))];
  const place = (word: string) => (order.includes(word) ? order.indexOf(word) : order.length);
  const words = [...new Set(settings.map(({ key }) => WORDS[key.toLowerCase().replace(/[^a-z]/g, "")] ?? key.toLowerCase()))].sort((a, b) => place(a) - place(b));
  return words.length <= 4 ? words.join(", ") : `${words.slice(0, 3).join(", ")} and ${words.length - 3} more`;
}

/** What an export of this image loses, each a line. */
export function exportLoses(plan: SavePlan): string[] {
  const lines = [plan.layers.length === 1 ? "The layer, with its digest" : `${plural(plan.layers.length, "layer")}, with their digests: other images can't share them`];
  if (plan.tags.length > 0) lines.push(`${plan.tags.length === 1 ? "The tag" : "The tags"} ${plan.tags.slice(0, 4).map((tag) => `\`:${tag}\``).join(", ")}${plan.tags.length > 4 ? ` and ${plan.tags.length - 4} more` : ""}`);
  for (const { key, value } of plan.settings.slice(0, 8)) lines.push(`${key}: ${value}`);
  if (plan.platforms.length > 1) lines.push(`${plural(plan.platforms.length - 1, "other platform")}: an export has one`);
  lines.push("What earlier layers had and later ones removed");
  return lines;
}

/** The line that does the same in a terminal. */
export function saveCommand(way: Way, sources: readonly SaveSource[], format: SaveFormat, compression: Squeeze, platform: string | null, name: string): string {
  const names = sources.map(({ input }) => input);
  const file = `${name}.tar${ENDING[compression]}`;
  const pipe = compression === "none" ? "" : ` | ${compression}`;
  if (way === "export") {
    const create = commandLine(["docker", "create", ...(platform === null ? [] : ["--platform", platform]), names[0] ?? ""]);
    return `docker export $(${create})${pipe} > ${quoted(file)}`;
  }
  if (format === "hybrid" && sources.every(({ from }) => from === "store")) {
    const words = ["docker", "save", ...(platform === null ? [] : ["--platform", platform])];
    return compression === "none" ? commandLine([...words, "-o", file, ...names]) : `${commandLine([...words, ...names])}${pipe} > ${quoted(file)}`;
  }
  const words = ["longshore", "save", ...sources.map(({ input, from }) => (from === "registry" ? `docker://${input}` : input)), "-o", format === "folder" ? name : file];
  if (format !== "hybrid") words.push("--format", format === "folder" ? "oci" : "oci-archive");
  if (compression !== "none") words.push("--compress", compression);
  if (platform !== null) words.push("--platform", platform);
  return commandLine(words);
}
