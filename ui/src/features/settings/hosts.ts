// Hosts for which plain HTTP is allowed, as they are typed into Settings.

export type HostVerdict = { host: string; problem: null } | { host: null; problem: string };

/** A host with an optional port, as a reference would name it. */
export function readHost(text: string, known: readonly string[]): HostVerdict {
  const typed = text.trim().toLowerCase();
  if (typed === "") return { host: null, problem: "Type a host, as in registry.example.com:5000" };
  const scheme = /^[a-z]+:\/\//.exec(typed);
  if (scheme) return { host: null, problem: `A host has no ${scheme[0]} in front. Try ${typed.slice(scheme[0].length).split("/")[0] ?? ""}` };
  if (typed.includes("/")) return { host: null, problem: `A host has no slash. Try ${typed.split("/")[0] ?? ""}` };
  if (!/^(\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)(:\d{1,5})?$/.test(typed)) return { host: null, problem: "A host is a name or an address, with an optional port" };
  const port = /:(\d{1,5})$/.exec(typed)?.[1];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return { host: null, problem: "A port is between 1 and 65535" };
  if (known.includes(typed)) return { host: null, problem: `${typed} is in the list already` };
  return { host: typed, problem: null };
}

const PLATFORM = /^[a-z0-9]+\/[a-z0-9_]+(\/[a-z0-9.]+)?$/;

/** Null where `text` is a platform such as `linux/arm64`, else what is wrong with it. */
export function platformProblem(text: string): string | null {
  return PLATFORM.test(text) ? null : "A platform is written like linux/arm64 or linux/arm/v7";
}
