/** Where a push or a copy may go: what is offered while a destination is typed. Pure. */
import type { RegistryEntry } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";
import { withoutTag } from "../../lib/segments";
import { nameParts } from "../image/facts";
import { fit } from "../reference/suggest";

export type Target = {
  /** What is put into the field. */
  name: string;
  icon: IconName;
  about: string;
};

export type KnownTargets = {
  /** canonical reference of what is pushed */
  source: string;
  /** false where each tag keeps its own name: then a destination is a repository */
  tagged: boolean;
  registries: readonly RegistryEntry[];
  /** references or repositories, as they are in the settings */
  pinned: readonly string[];
  recent: readonly string[];
};

const MOST = 7;

/** `nginx:1.25` and `docker.io/library/nginx`: nobody but Docker may push there. */
export const isOfficial = (reference: string): boolean => reference.startsWith("docker.io/library/");

/** The name that Docker would push to: the image's own, where it is one that people can push to. */
export function ownName(canonical: string, familiar: string, tagged: boolean): string {
  if (isOfficial(canonical)) return "";
  return tagged ? familiar : withoutTag(familiar);
}

/** The tag of a reference, or null. */
export function tagOf(reference: string): string | null {
  const name = reference.split("@", 1)[0] ?? reference;
  const bare = withoutTag(reference);
  return name.length > bare.length ? name.slice(bare.length + 1) : null;
}

/** Every place that is known, the likeliest first. */
export function allTargets({ source, tagged, registries, pinned, recent }: KnownTargets): Target[] {
  const { registry, path, repository } = nameParts(source);
  const suffix = tagged ? `:${tagOf(source) ?? "latest"}` : "";
  const found = new Map<string, Target>();
  const add = (name: string, icon: IconName, about: string) => {
    const full = `${name}${suffix}`;
    if (!found.has(full)) found.set(full, { name: full, icon, about });
  };
  if (!isOfficial(source)) add(registry === "docker.io" ? path : `${registry}/${path}`, "tag", "Its own name");
  const rank = (entry: RegistryEntry) => (entry.account === null ? (entry.kind === "practice" ? 1 : 2) : 0);
  for (const entry of [...registries].sort((a, b) => rank(a) - rank(b))) {
    if (entry.state === "stopped") continue;
    if (entry.kind === "hub") {
      // Without an account there is no name on Docker Hub that one could push to.
      if (entry.account !== null) add(`${entry.account}/${repository}`, "box", "Your account on Docker Hub");
    } else if (entry.account !== null) {
      add(`${entry.host}/${entry.account.toLowerCase()}/${repository}`, "key", `Your account on ${entry.host}`);
    } else if (entry.kind === "practice") {
      add(`${entry.host}/${registry === entry.host ? path : repository}`, "anchor", "Practice registry, no account needed");
    } else {
      add(`${entry.host}/${path.replace(/^library\//, "")}`, "server", entry.label === entry.host ? "A registry you have used" : entry.label);
    }
  }
  for (const name of pinned) if (hasRepository(name)) add(withoutTag(name), "folder", "Pinned repository");
  for (const name of recent) {
    const bare = withoutTag(name);
    if (hasRepository(name) && !isOfficial(`docker.io/${bare.includes("/") ? bare : `library/${bare}`}`)) add(bare, "clock", "Opened before");
  }
  return [...found.values()];
}

const hasRepository = (name: string) => name !== "" && !name.endsWith("/");

/** Those that fit what is typed, the best first; all of them where nothing is typed. */
export function targets(typed: string, known: KnownTargets): Target[] {
  const all = allTargets(known);
  const query = typed.trim().toLowerCase();
  if (query === "") return all.slice(0, MOST);
  return all
    .map((target, index) => ({ target, index, score: target.name === query ? 0 : fit(target.name, query) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, MOST)
    .map(({ target }) => target);
}
