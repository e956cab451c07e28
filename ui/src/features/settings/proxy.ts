// The address of a proxy, and the hosts that are reached without it, as they are typed.

import { readHost, type HostVerdict } from "./hosts";

export type ProxyVerdict = { url: string; problem: null } | { url: null; problem: string };

/** `http://host:port`; a bare `host:port` is one too. An account in it is refused: it would be shown and kept in the clear. */
export function readProxy(text: string): ProxyVerdict {
  const typed = text.trim();
  if (typed === "") return { url: null, problem: "Type its address, as in http://proxy.example.com:3128" };
  const whole = /^[a-z0-9+.-]+:\/\//i.test(typed) ? typed : `http://${typed}`;
  let url: URL;
  try {
    url = new URL(whole);
  } catch {
    return { url: null, problem: "This is no address. Try http://proxy.example.com:3128" };
  }
  if (!["http:", "https:", "socks5:", "socks5h:"].includes(url.protocol)) return { url: null, problem: "A proxy is spoken to by http://, https:// or socks5://" };
  if (url.username !== "" || url.password !== "") return { url: null, problem: "An account in the address would be kept in the clear. Leave it out" };
  if (!["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "") return { url: null, problem: "A proxy has a host and a port, and no path" };
  return { url: `${url.protocol}//${url.host}`, problem: null };
}

/** A mirror: a host, or an address with a path. One over plain HTTP says so; an account is refused, as it would go there for every registry. */
export function readMirror(text: string, known: readonly string[]): HostVerdict {
  const typed = text.trim().replace(/\/+$/, "");
  if (!typed.includes("/")) return readHost(typed, known);
  let url: URL;
  try {
    url = new URL(/^[a-z0-9+.-]+:\/\//i.test(typed) ? typed : `https://${typed}`);
  } catch {
    return { host: null, problem: "A mirror is a host, or an address such as https://mirror.example.com" };
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return { host: null, problem: "A mirror is spoken to by http:// or https://" };
  if (url.username !== "" || url.password !== "") return { host: null, problem: "Leave the account out, and sign in to the mirror itself" };
  if (url.search !== "" || url.hash !== "") return { host: null, problem: "A mirror's address ends with its path" };
  if (known.includes(typed)) return { host: null, problem: `${typed} is in the list already` };
  return { host: typed, problem: null };
}

/** A host, a domain with a dot in front, an address, or a network such as `10.0.0.0/8`. */
export function readProxyException(text: string, known: readonly string[]): HostVerdict {
  const typed = text.trim().toLowerCase();
  if (typed === "") return { host: null, problem: "Type a host, a domain or a network" };
  if (!/^(\*|\*?\.?[a-z0-9]([a-z0-9._-]*[a-z0-9])?(:\d{1,5})?|\[?[0-9a-f:]+\]?(:\d{1,5})?|[0-9a-f.:]+\/\d{1,3})$/.test(typed)) {
    return { host: null, problem: "It is a host, a domain such as .example.com, or a network such as 10.0.0.0/8" };
  }
  if (known.includes(typed)) return { host: null, problem: `${typed} is in the list already` };
  return { host: typed, problem: null };
}
