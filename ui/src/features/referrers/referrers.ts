/** What refers to an image, in plain words. Pure. */
import type { ReferrerRow } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";

export type ReferrerKind = "signature" | "sbom" | "provenance" | "attestation" | "other";

/** By the artifact type, and where that says nothing, by the label that Rust gave it. */
export function kindOf(row: Pick<ReferrerRow, "artifactType" | "label">): ReferrerKind {
  const text = `${row.artifactType ?? ""} ${row.label}`.toLowerCase();
  if (/spdx|cyclonedx|sbom|syft/.test(text)) return "sbom";
  if (/provenance|slsa/.test(text)) return "provenance";
  if (/signature|cosign.*sig|notary|sigstore/.test(text)) return "signature";
  if (/attestation|in-toto|dsse/.test(text)) return "attestation";
  return "other";
}

type Words = { icon: IconName; title: string; about: string };

export const WORDS: Record<ReferrerKind, Words> = {
  signature: { icon: "shield-check", title: "Signatures", about: "Someone vouches for this digest. Longshore shows that a signature is there; it does not check who made it" },
  sbom: { icon: "file-text", title: "Bills of materials", about: "What is inside: packages and their versions" },
  provenance: { icon: "branch", title: "Provenance", about: "How it was built: by which builder, from which source" },
  attestation: { icon: "fingerprint", title: "Attestations", about: "Statements about it that somebody signed" },
  other: { icon: "link", title: "Other artifacts", about: "They name this image as their subject" },
};

const ORDER: ReferrerKind[] = ["signature", "sbom", "provenance", "attestation", "other"];

/** Rows by kind, the kinds in a fixed order, the newest first within one. */
export function grouped(rows: readonly ReferrerRow[]): { kind: ReferrerKind; rows: ReferrerRow[] }[] {
  const time = (row: ReferrerRow) => (row.created === null ? 0 : Date.parse(row.created) || 0);
  return ORDER.map((kind) => ({ kind, rows: rows.filter((row) => kindOf(row) === kind).sort((a, b) => time(b) - time(a)) })).filter(({ rows: some }) => some.length > 0);
}

/** `Signed, with an SBOM`; empty where nothing is worth saying first. */
export function summary(rows: readonly ReferrerRow[]): string {
  const has = (kind: ReferrerKind) => rows.some((row) => kindOf(row) === kind);
  const withs = [has("sbom") && "an SBOM", has("provenance") && "provenance"].filter((word) => word !== false);
  if (has("signature")) return withs.length > 0 ? `Signed, with ${withs.join(" and ")}` : "Signed";
  if (withs.length > 0) return `With ${withs.join(" and ")}, not signed`;
  return "";
}
