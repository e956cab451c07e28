/** What a deletion takes along, in words. Pure. */
import type { DeleteMode, DeletePlan, DeleteReport } from "../../ipc/bindings";
import { count, plural } from "../../lib/format";

export type Blast = {
  /** tags that would be gone, chosen or not */
  tags: number;
  /** tags that nobody chose and that would be gone */
  also: number;
  /** indexes that would lose a platform */
  parents: number;
  referrers: number;
  /** whether more is touched than what was chosen */
  beyond: boolean;
};

export function blast(plan: DeletePlan, mode: DeleteMode): Blast {
  const chosen = plan.items.reduce((sum, { tags }) => sum + tags.length, 0);
  if (mode === "tag") return { tags: chosen, also: 0, parents: 0, referrers: 0, beyond: false };
  const also = plan.items.reduce((sum, item) => sum + item.also.length, 0);
  const parents = new Set(plan.items.flatMap((item) => item.parents)).size;
  const referrers = plan.items.reduce((sum, item) => sum + item.referrers, 0);
  // Tags that were not looked at may be on the same digests.
  return { tags: chosen + also, also, parents, referrers, beyond: also + parents + referrers + plan.unchecked > 0 };
}

/** One sentence on what happens. */
export function sentence(plan: DeletePlan, mode: DeleteMode): string {
  const reach = blast(plan, mode);
  if (mode === "tag") return `The ${reach.tags === 1 ? "name goes" : "names go"}; what ${reach.tags === 1 ? "it points" : "they point"} to stays in the registry, by its digest.`;
  const parts: string[] = [];
  const [only] = plan.items;
  if (reach.also > 0) {
    const also = plan.items.flatMap((item) => item.also);
    parts.push(
      plan.items.length === 1 && only && also.length <= 3
        ? `${list([...only.tags, ...also])} name the same manifest, so deleting one deletes ${only.tags.length + also.length === 2 ? "both" : "all"}`
        : `${plural(reach.also, "other tag")} ${reach.also === 1 ? "points" : "point"} to the same ${plan.items.length === 1 ? "manifest" : "manifests"} and ${reach.also === 1 ? "goes" : "go"} too`,
    );
  } else parts.push(`${plural(plan.items.length, "manifest")} ${plan.items.length === 1 ? "goes" : "go"}, and no other tag with ${plan.items.length === 1 ? "it" : "them"}`);
  if (plan.unchecked > 0) parts.push(`${plural(plan.unchecked, "other tag")} could not be looked at and may go too`);
  return `${parts.join("; ")}. Layers go when the registry next collects garbage.`;
}

export type ModeWords = { mode: DeleteMode; label: string; about: string };

/** What there is to choose; one where the registry leaves no choice. */
export function explainModes(plan: DeletePlan): ModeWords[] {
  const manifest: ModeWords = {
    mode: "manifest",
    label: "The manifest, with every tag on it",
    about:
      plan.canUntag === false
        ? "This registry can't delete a tag alone: it deletes the manifest, and with it every tag that points to it."
        : "What the tag points to goes, and with it every tag on the same digest.",
  };
  if (plan.canUntag === false) return [manifest];
  return [
    {
      mode: "tag",
      label: "The tag alone",
      about: plan.canUntag === null ? "Few registries can; whether this one does shows only when it is tried. Where it can't, nothing is deleted." : "The manifest stays, and other tags on it too.",
    },
    manifest,
  ];
}

/** What has to be typed where more goes than was chosen: the one tag, else how many go. */
export function wordToType(plan: DeletePlan, tags: readonly string[]): string {
  const [only] = tags;
  if (tags.length === 1 && only !== undefined) return only;
  return `delete ${count(blast(plan, "manifest").tags)}`;
}

/** The plan's line with what it must be told: to keep the manifests, or to take along what nobody chose. */
export function commandFor(plan: DeletePlan, mode: DeleteMode): string {
  const reach = blast(plan, mode);
  const flags = mode === "tag" ? " --tag-only" : `${reach.also > 0 ? " --also-tags" : ""}${reach.parents > 0 ? " --break-indexes" : ""}`;
  return plan.command.replace(/^longshore delete\b/, `longshore delete${flags}`);
}

export function deleted(report: DeleteReport): string {
  const gone = report.deleted.length === 0 ? "Nothing was deleted" : `Deleted ${plural(report.deleted.length, "tag")}`;
  return report.failed.length === 0 ? gone : `${gone}, ${plural(report.failed.length, "tag")} could not be deleted`;
}

const list = (names: readonly string[]): string => (names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`);
