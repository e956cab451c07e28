// How a host is spoken to, as one choice of three: plain HTTP has no certificate to check.

import type { HostSettings } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";

export type Connection = "verified" | "unverified" | "plain";

export const CONNECTIONS: readonly { value: Connection; label: string; about: string }[] = [
  { value: "verified", label: "HTTPS", about: "The certificate must be one that this computer, or you, trust" },
  { value: "unverified", label: "HTTPS, certificate not checked", about: "Whoever answers is believed: anyone on the way can read and change everything, your account too" },
  { value: "plain", label: "Plain HTTP", about: "Nothing is encrypted: anyone on the way can read and change everything, your account too" },
];

export function connectionOf({ plainHttp, skipTlsVerification }: HostSettings): Connection {
  if (plainHttp) return "plain";
  return skipTlsVerification ? "unverified" : "verified";
}

export function withConnection(connection: Connection): Pick<HostSettings, "plainHttp" | "skipTlsVerification"> {
  return { plainHttp: connection === "plain", skipTlsVerification: connection === "unverified" };
}

/** The mark that a host wears wherever it is named, for as long as it is not private; null where it is. */
export function warningOf(settings: HostSettings): { icon: IconName; text: string } | null {
  if (settings.plainHttp) return { icon: "unlock", text: "Plain HTTP" };
  return settings.skipTlsVerification ? { icon: "warning", text: "Certificate not checked" } : null;
}
