// The places that keep accounts, in words.

import type { IconName } from "../../design/icons";
import type { CredentialTrail, TrailOutcome } from "../../ipc/bindings";

export const OUTCOMES: Record<TrailOutcome, { icon: IconName; word: string }> = {
  chosen: { icon: "circle-check", word: "Used" },
  empty: { icon: "circle-dashed", word: "Nothing there" },
  passed: { icon: "minus", word: "Passed over" },
  failed: { icon: "circle-x", word: "Failed" },
  overridden: { icon: "circle", word: "Not reached" },
};

/** A program keeps its name, also where it begins a line. */
export const placeName = (place: string): string => (place.startsWith("docker-credential-") ? `\`${place}\`` : place);

/** One sentence on how it came out; values in backticks. */
export function summaryOf({ host, steps }: CredentialTrail): string {
  const chosen = steps.find(({ outcome }) => outcome === "chosen");
  if (!chosen) return `No place has an account for \`${host}\`, so it is asked anonymously.`;
  const place = placeName(chosen.place);
  return chosen.account === null ? `\`${host}\` is asked with what ${place} holds.` : `\`${host}\` is asked as \`${chosen.account}\`, from ${place}.`;
}
