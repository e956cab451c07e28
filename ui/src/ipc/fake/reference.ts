// A stand-in for the Rust grammar: right for everyday names, never the authority.

import type { Breakdown, Explanation, Presence, Segment, SegmentKind, Trap } from "../bindings";

const SAY: Record<SegmentKind, Record<Presence, string>> = {
  registry: {
    typed: "The host that keeps the image. A first part with a dot, a colon or the name localhost is read as a host.",
    implied: "The host that keeps the image. You typed none, so Docker Hub is meant. A first part with a dot, a colon or the name localhost would be read as a host.",
    absent: "",
  },
  namespace: {
    typed: "The account or project that owns the repository.",
    implied: "Docker Hub keeps its official images under `library`. A name with one part goes there; no other registry does this. Type `yourname/nginx` to look elsewhere.",
    absent: "This registry keeps the repository at its top, with no namespace before it.",
  },
  repository: { typed: "The image itself: all its versions share this name. The only part you must type.", implied: "", absent: "" },
  tag: {
    typed: "A label that can be moved to another image at any time.",
    implied: "A label that can be moved to another image at any time. Without one, latest is meant; it is a name like any other, not the newest by rule.",
    absent: "No tag: the digest says which image is meant.",
  },
  digest: {
    typed: "The hash of the manifest: the same bytes for ever, or an error, never something else.",
    implied: "",
    absent: "The hash of the manifest. Add it, and you get the same bytes for ever or an error, never something else.",
  },
};

export function explain(input: string): Explanation {
  const problem = findProblem(input);
  if (problem) return { input, breakdown: null, problem, traps: trapsOf(input, null) };
  const breakdown = breakDown(input);
  return { input, breakdown, problem: null, traps: trapsOf(input, breakdown) };
}

function findProblem(input: string): Explanation["problem"] {
  if (input === "") return { message: "Nothing is typed yet", hint: null, from: 0, to: 0 };
  const scheme = /^[a-z]+:\/\//.exec(input);
  if (scheme) return { message: "A reference has no scheme", hint: `Leave out ${scheme[0]}`, from: 0, to: scheme[0].length };
  const space = /\s/.exec(input);
  if (space) return { message: "A reference has no spaces", hint: null, from: space.index, to: space.index + 1 };
  const path = input.replace(/@.*/, "").replace(/:[^/]*$/, "");
  const slash = path.indexOf("/");
  const first = slash < 0 ? "" : path.slice(0, slash);
  const repository = slash >= 0 && isHost(first) ? path.slice(slash + 1) : path;
  const upper = /[A-Z]+/.exec(repository);
  if (upper) {
    const from = input.indexOf(repository) + upper.index;
    return { message: "A repository name is lower case", hint: `Try \`${input.toLowerCase()}\``, from, to: from + upper[0].length };
  }
  const odd = /[^a-z0-9._/:@\-A-Z[\]]/.exec(input);
  if (odd) return { message: `A reference can't hold \`${odd[0]}\``, hint: null, from: odd.index, to: odd.index + 1 };
  const digest = input.split("@")[1];
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$|^sha512:[0-9a-f]{128}$/.test(digest)) {
    return { message: "A digest is sha256: and 64 hex digits", hint: null, from: input.indexOf("@") + 1, to: input.length };
  }
  if (/[/:]$/.test(input) || repository === "") return { message: "Something must follow", hint: null, from: input.length - 1, to: input.length };
  return null;
}

function isHost(first: string): boolean {
  return first === "localhost" || /[.:A-Z]/.test(first);
}

function breakDown(input: string): Breakdown {
  const at = input.indexOf("@");
  const beforeDigest = at < 0 ? input : input.slice(0, at);
  const digest = at < 0 ? null : input.slice(at + 1);
  const colon = beforeDigest.lastIndexOf(":");
  const hasTag = colon > beforeDigest.lastIndexOf("/") && beforeDigest.includes(":");
  let tag = hasTag ? beforeDigest.slice(colon + 1) : null;
  const name = hasTag ? beforeDigest.slice(0, colon) : beforeDigest;
  const parts = name.split("/");
  const typedHost = parts.length > 1 && isHost(parts[0] ?? "") ? (parts.shift() ?? "") : null;
  const registry = typedHost ?? "docker.io";
  const repository = parts.pop() ?? "";
  const typedNamespace = parts.join("/");
  const namespace = typedNamespace || (registry === "docker.io" ? "library" : "");
  const implied: SegmentKind[] = [];
  if (typedHost === null) implied.push("registry");
  if (!typedNamespace && namespace) implied.push("namespace");
  const typedTag = tag !== null;
  if (tag === null && digest === null) {
    tag = "latest";
    implied.push("tag");
  }
  const segment = (kind: SegmentKind, text: string, presence: Presence): Segment => ({ kind, text, presence, explanation: SAY[kind][presence] });
  const path = namespace ? `${namespace}/${repository}` : repository;
  const suffix = `${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
  const home = registry === "docker.io" ? (namespace === "library" ? repository : path) : `${registry}/${path}`;
  return {
    registry,
    path,
    namespace,
    repository,
    tag,
    digest,
    canonical: `${registry}/${path}${suffix}`,
    familiar: `${home}${suffix}`,
    apiHost: registry === "docker.io" ? "registry-1.docker.io" : registry,
    implied,
    segments: [
      segment("registry", registry, typedHost === null ? "implied" : "typed"),
      segment("namespace", namespace, typedNamespace ? "typed" : namespace ? "implied" : "absent"),
      segment("repository", repository, "typed"),
      segment("tag", tag ?? "", typedTag ? "typed" : tag ? "implied" : "absent"),
      segment("digest", digest ?? "", digest ? "typed" : "absent"),
    ],
    ghost: !typedTag && digest === null ? ":latest" : "",
  };
}

function trapsOf(input: string, breakdown: Breakdown | null): Trap[] {
  const traps: Trap[] = [];
  if (/^[a-z]+:\/\//.test(input)) traps.push({ code: "scheme_typed", message: "A reference starts with a host or a name, without https://" });
  if (!breakdown) {
    if (/[A-Z]/.test(input)) traps.push({ code: "upper_case", message: "Repository names are lower case; only tags and hosts may have capitals" });
    return traps;
  }
  if (breakdown.implied.includes("registry") && /registry|hub|docker/.test(breakdown.namespace)) {
    traps.push({ code: "hub_not_registry", message: `\`${breakdown.namespace}\` has no dot and no port, so this is an account on Docker Hub, not a host` });
  }
  if (breakdown.digest && breakdown.tag) traps.push({ code: "digest_wins", message: "The digest decides; the tag is not looked at" });
  return traps;
}
