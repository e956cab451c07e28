/** What a plan says in words and in proportions. Pure. */
import type { BlobFate, PlanBlob, PushPlan, TagMove } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";
import { bytes, plural, shortDigest } from "../../lib/format";

export type Share = { fate: BlobFate; bytes: number; blobs: number };

/** A blob that several plans name is moved once: by the first of them. */
export function blobsOf(plans: readonly PushPlan[]): PlanBlob[] {
  const seen = new Map<string, PlanBlob>();
  for (const { blobs } of plans) for (const blob of blobs) if (!seen.has(blob.digest)) seen.set(blob.digest, blob);
  return [...seen.values()];
}

export type Totals = { upload: Share; mount: Share; exists: Share; all: number };

export function totals(blobs: readonly PlanBlob[]): Totals {
  const of = (fate: BlobFate): Share => {
    const some = blobs.filter((blob) => blob.fate === fate);
    return { fate, bytes: some.reduce((sum, { size }) => sum + size, 0), blobs: some.length };
  };
  const [upload, mount, exists] = [of("upload"), of("mount"), of("exists")];
  return { upload, mount, exists, all: upload.bytes + mount.bytes + exists.bytes };
}

/** The repositories that blobs are taken from, each once. */
export function mountedFrom(blobs: readonly PlanBlob[]): string[] {
  return [...new Set(blobs.flatMap(({ fate, mountFrom }) => (fate === "mount" && mountFrom !== null ? [mountFrom] : [])))];
}

/** `myteam/worker`, `myteam/worker and 2 more`. */
export function fromLine(from: readonly string[]): string {
  const [first] = from;
  return first === undefined ? "the registry" : from.length === 1 ? first : `${first} and ${from.length - 1} more`;
}

export type FateLook = { icon: IconName; word: string; tone: "have" | "move" };

/** Docker's word for what will become of a blob. */
export function fateLook(blob: PlanBlob): FateLook {
  switch (blob.fate) {
    case "exists":
      return { icon: "equal", word: "Layer already exists", tone: "have" };
    case "mount":
      return { icon: "link", word: blob.mountFrom === null ? "Mounted" : `Mounted from ${blob.mountFrom}`, tone: "have" };
    case "upload":
      return { icon: "arrow-up", word: "Will be uploaded", tone: "move" };
  }
}

const KINDS: Record<PlanBlob["kind"], string> = { layer: "Layer", config: "Config", manifest: "Manifest" };

/** The spoken label of a row. */
export function spokenBlob(blob: PlanBlob): string {
  return `${KINDS[blob.kind]} ${shortDigest(blob.digest)}, ${bytes(blob.size)}, ${fateLook(blob).word}${blob.label === "" ? "" : `, ${blob.label}`}`;
}

/** Tags that stop naming what they name now. */
export const movingTags = (plans: readonly PushPlan[]): TagMove[] => plans.flatMap(({ tags }) => tags.filter(({ state }) => state === "moves"));

export const lostPlatforms = (plans: readonly PushPlan[]): string[] => [...new Set(plans.flatMap((plan) => plan.lostPlatforms))];

/** What has to be confirmed, as the label of its checkbox; null where nothing is taken away. */
export function confirmation(plans: readonly PushPlan[]): string | null {
  const moving = movingTags(plans);
  const lost = lostPlatforms(plans);
  const parts: string[] = [];
  const [first] = moving;
  if (first && moving.length === 1) parts.push(`move \`${first.tag}\` from ${first.previous === null ? "its image" : shortDigest(first.previous, 8)} to this image`);
  else if (moving.length > 1) parts.push(`move ${plural(moving.length, "tag")} to other images`);
  if (lost.length > 0) parts.push(`leave ${lost.length > 2 ? plural(lost.length, "platform") : lost.join(" and ")} without an image`);
  if (parts.length === 0) return null;
  const sentence = parts.join(", and ");
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

/** Whether a push would change nothing: every byte is there, and every tag points there. */
export const nothingToDo = (plans: readonly PushPlan[]): boolean =>
  plans.length > 0 && plans.every((plan) => plan.uploadBytes === 0 && plan.mountBytes === 0 && plan.tags.every(({ state }) => state === "same"));
