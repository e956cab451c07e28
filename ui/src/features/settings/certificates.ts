// Certificates in words: how long they hold, whose they are, and the fingerprint that tells them apart.

import type { CertificateView } from "../../ipc/bindings";
import { plural } from "../../lib/format";

const DAY = 86_400_000;

export type Validity = { state: "valid" | "soon" | "expired" | "future"; text: string };

/** `now` in milliseconds. */
export function validityOf({ notBefore, notAfter }: Pick<CertificateView, "notBefore" | "notAfter">, now: number = Date.now()): Validity {
  const from = Date.parse(notBefore);
  const to = Date.parse(notAfter);
  const range = `${dateOf(notBefore)} to ${dateOf(notAfter)}`;
  if (Number.isNaN(from) || Number.isNaN(to)) return { state: "valid", text: range };
  if (now < from) return { state: "future", text: `${range}: not valid yet, by this computer's clock` };
  if (now > to) return { state: "expired", text: `${range}: expired ${days(now - to)} ago` };
  if (to - now < 14 * DAY) return { state: "soon", text: `${range}: ${days(to - now)} left` };
  return { state: "valid", text: range };
}

const dateOf = (iso: string) => (Number.isNaN(Date.parse(iso)) ? iso : new Date(iso).toISOString().slice(0, 10));
const days = (milliseconds: number) => plural(Math.max(1, Math.floor(milliseconds / DAY)), "day");

/** `3F:A2:…`, as browsers and openssl print it; text that is no fingerprint as it came. */
export function fingerprint(sha256: string): string {
  const hex = sha256.replace(/^sha256:/i, "").replaceAll(":", "");
  return /^[0-9a-f]{64}$/i.test(hex) ? (hex.toUpperCase().match(/../g) ?? []).join(":") : sha256;
}

/** The fingerprint in two lines, so that no pair is torn apart. */
export function fingerprintLines(sha256: string): string[] {
  const text = fingerprint(sha256);
  return text.length === 95 ? [text.slice(0, 47), text.slice(48)] : [text];
}

/** The one to trust first: the authority where the chain has one, else the host's own. */
export function likeliest(certificates: readonly CertificateView[]): CertificateView | null {
  return certificates.findLast(({ isCa }) => isCa) ?? certificates[0] ?? null;
}
