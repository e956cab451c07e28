// What the reference bar offers below the breakdown: the reference itself, then what is known
// here that fits it.

import type { Explanation, LocalImage, PracticeShelf } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";
import { ago } from "../../lib/format";

export type Suggestion = {
  /** Unique in the list, and the id of its row. */
  key: string;
  group: "Open" | "On this computer" | "Practice registry" | "Recent";
  icon: IconName;
  /** What is inspected or pulled. */
  input: string;
  /** Drawn; the canonical form for the typed one. */
  name: string;
  about: string;
  from: "auto" | "store" | "registry";
  /** Opens the list of tags instead of one image. */
  tags?: true;
};

export type Known = { images: LocalImage[]; shelf: PracticeShelf | null; recent: string[]; now?: number };

const EACH = 4;

export function suggest(input: string, explanation: Explanation | null, known: Known): Suggestion[] {
  const list: Suggestion[] = [];
  const seen = new Set<string>();
  const add = (suggestion: Suggestion) => {
    if (seen.has(suggestion.name)) return;
    seen.add(suggestion.name);
    list.push(suggestion);
  };
  const breakdown = explanation?.input === input ? explanation.breakdown : null;
  const here = new Map(known.images.map((image) => [image.reference, image]));

  if (breakdown) {
    const local = here.get(breakdown.canonical);
    add({
      key: "typed",
      group: "Open",
      icon: "tag",
      input,
      name: breakdown.canonical,
      about: local ? `On this computer${pulled(local, known.now)}` : placeOf(breakdown.registry, breakdown.namespace, known.shelf),
      from: "auto",
    });
    if (breakdown.implied.includes("tag")) {
      const repository = `${breakdown.registry}/${breakdown.path}`;
      list.push({ key: "tags", group: "Open", icon: "tree", input: repository, name: repository, about: "Every tag of this repository", from: "registry", tags: true });
    }
  }

  const query = input.toLowerCase();
  const fits = (name: string) => query !== "" && fit(name, query) > 0;
  const best = <T>(items: T[], name: (item: T) => string) =>
    items
      .map((item, index) => ({ item, index, score: query === "" ? 1 : fit(name(item), query) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || a.index - b.index)
      .slice(0, EACH)
      .map(({ item }) => item);

  for (const image of best(known.images.filter(({ reference }) => reference !== null), ({ familiar }) => familiar)) {
    add({
      key: `here ${image.familiar}`,
      group: "On this computer",
      icon: "layers",
      input: image.familiar,
      name: image.reference ?? image.familiar,
      about: image.pulledAt ? `Pulled ${ago(image.pulledAt, known.now) ?? "before"}` : "Already here",
      from: "store",
    });
  }
  for (const image of best(known.shelf?.images ?? [], ({ repository, tag, reference }) => (fits(reference) ? reference : `${repository}:${tag}`))) {
    add({ key: `practice ${image.reference}`, group: "Practice registry", icon: "anchor", input: image.reference, name: image.reference, about: image.about, from: "auto" });
  }
  for (const name of best(known.recent, (item) => item)) {
    if (name === input) continue;
    add({ key: `recent ${name}`, group: "Recent", icon: "clock", input: name, name, about: "Opened before", from: "auto" });
  }
  return list;
}

/** How well a name answers what was typed: 0 not at all, more is better. */
export function fit(name: string, query: string): number {
  const lower = name.toLowerCase();
  if (lower === query) return 5;
  if (lower.startsWith(query)) return 4;
  const last = lower.slice(lower.lastIndexOf("/") + 1);
  if (last.startsWith(query)) return 3;
  if (lower.split(/[/:@.-]/).some((part) => part.startsWith(query))) return 2;
  return lower.includes(query) ? 1 : 0;
}

function pulled(image: LocalImage, now?: number): string {
  const when = image.pulledAt ? ago(image.pulledAt, now) : null;
  return when ? `, pulled ${when}` : "";
}

function placeOf(registry: string, namespace: string, shelf: PracticeShelf | null): string {
  if (registry === shelf?.host) return "In the practice registry";
  if (registry === "docker.io") return namespace === "library" ? "Official image on Docker Hub" : "On Docker Hub";
  return `On ${registry}`;
}

/** What Tab puts into the bar: the ghost, or the rest of the best name that begins with what is typed. */
export function completion(input: string, explanation: Explanation | null, suggestions: Suggestion[]): string {
  if (input === "") return "";
  const begun = suggestions.find(({ key, input: full }) => key !== "typed" && key !== "tags" && full.length > input.length && full.startsWith(input));
  if (begun) return begun.input.slice(input.length);
  return explanation?.input === input ? (explanation.breakdown?.ghost ?? "") : "";
}
