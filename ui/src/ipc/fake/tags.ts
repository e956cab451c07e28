// Make-believe repositories: a few tags, the thousand of nginx, and a hundred thousand.

import type { LocalState, TagQuery, TagRow, TagRows } from "../bindings";
import { CATALOG, HOST, manifestDigest, rootDigest } from "./catalog";
import { fakeDigest } from "./digest";

export const PLAIN = "localhost:5000";
const DAY = 86_400_000;
const NINE = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v5", "linux/386", "linux/mips64le", "linux/ppc64le", "linux/s390x", "linux/riscv64"];

export type FakeTag = { tag: string; digest: string; kind: string; platforms: string[]; size: number; updated: string; local: LocalState };
export type FakeRepository = { host: string; path: string; about: string; tags: FakeTag[] };

function tagOf(tag: string, seed: string, size: number, days: number, part: Partial<FakeTag> = {}): FakeTag {
  return { tag, digest: fakeDigest(`tag ${seed}`), kind: "index", platforms: NINE, size, updated: new Date(Date.now() - days * DAY).toISOString(), local: "absent", ...part };
}

/** The repository of the design, and older versions down to 1,036 tags. */
function nginx(): FakeTag[] {
  const eight = { platforms: NINE.slice(0, 8) };
  const tags = [
    ...["latest", "mainline", "1.27", "1.27.0"].map((tag) => tagOf(tag, "1.27", 71_000_000, 2)),
    ...["alpine", "1.27-alpine"].map((tag) => tagOf(tag, "1.27-alpine", 18_100_000, 2, eight)),
    ...["stable", "1.26"].map((tag) => tagOf(tag, "1.26", 70_600_000, 21)),
    ...["1.25", "1.25.5"].map((tag) => tagOf(tag, "1.25", 70_500_000, 35, { local: "same" })),
    tagOf("1.25-alpine", "1.25-alpine", 17_900_000, 35, { ...eight, local: "older" }),
    tagOf("1.25.5-alpine", "1.25-alpine", 17_900_000, 35, eight),
    tagOf("1.25-perl", "1.25-perl", 84_200_000, 35),
    tagOf("1.25.4", "1.25.4", 70_500_000, 91),
    tagOf("1.25.3", "1.25.3", 70_400_000, 152),
    ...["1.24", "1.24.0"].map((tag) => tagOf(tag, "1.24", 57_000_000, 366)),
  ];
  for (let minor = 23; tags.length < 1036; minor -= 1) {
    for (let patch = 14; patch >= 0 && tags.length < 1036; patch -= 1) {
      for (const variant of ["", "-alpine", "-perl"]) {
        if (tags.length < 1036) tags.push(tagOf(`1.${minor}.${patch}${variant}`, `1.${minor}.${patch}${variant}`, 50_000_000 + patch * 410_000, 400 + (24 - minor) * 60 + patch));
      }
    }
  }
  return tags;
}

const PLATFORMS = ["linux/amd64"];

/** What a build server leaves behind in some years. */
function builds(count: number): FakeTag[] {
  return Array.from({ length: count }, (_, index) => {
    const build = Math.floor(index / 2);
    const tag = index % 2 === 0 ? `build-${String(build).padStart(6, "0")}` : `sha-${(Math.imul(build + 1, 2_654_435_761) >>> 0).toString(16).padStart(8, "0")}`;
    return {
      tag,
      // Made when it is looked at: a hundred thousand of them take a second.
      get digest() {
        return fakeDigest(`tag build ${build}`);
      },
      get updated() {
        return new Date(Date.now() - (build / 12) * DAY).toISOString();
      },
      kind: "image",
      platforms: PLATFORMS,
      size: 40_000_000 + (build % 997) * 31_000,
      local: "absent" as const,
    };
  });
}

function practice(repository: string): FakeTag[] {
  return CATALOG.filter((image) => image.repository === repository).map((image, index) => ({
    tag: image.tag,
    digest: rootDigest(image),
    kind: image.platforms.length > 1 ? "index" : "image",
    platforms: image.platforms.map(({ name }) => name),
    size: (image.platforms[0]?.layers ?? []).reduce((sum, { size }) => sum + size, 1460),
    updated: new Date(Date.now() - (index + 3) * DAY).toISOString(),
    local: "absent",
  }));
}

const APP = [
  tagOf("v2.1.0", "app 2.1.0", 31_400_000, 1, { platforms: ["linux/amd64", "linux/arm64"] }),
  tagOf("latest", "app 2.1.0", 31_400_000, 1, { platforms: ["linux/amd64", "linux/arm64"] }),
  tagOf("v2.0.3", "app 2.0.3", 30_900_000, 12, { platforms: ["linux/amd64", "linux/arm64"], local: "older" }),
  tagOf("v2.0.3-amd64", "app 2.0.3 amd64", 30_900_000, 12, { kind: "image", platforms: ["linux/amd64"] }),
  tagOf("chart-0.4.0", "chart", 18_200, 40, { kind: "helm", platforms: [] }),
  tagOf(`sha256-${fakeDigest("tag app 2.1.0").slice(7)}.sig`, "app sig", 1_300, 1, { kind: "signature", platforms: [] }),
];

/** Namespaces of any depth, and a second page. */
export const NAMES: string[] = [
  "base", "load/huge", "team/app", "team/worker", "team/tools/lint", "team/tools/format/rust", "team/tools/format/web",
  ...Array.from({ length: 120 }, (_, index) => `services/service-${String(index + 1).padStart(3, "0")}`),
];

export function repositoryOf(host: string, path: string): FakeRepository | null {
  const found = (about: string, tags: FakeTag[]) => ({ host, path, about, tags });
  if (host === HOST) {
    const tags = practice(path);
    return tags.length > 0 ? found("In the practice registry", tags) : null;
  }
  if (host === "docker.io") return path === "library/nginx" ? found("Official image on Docker Hub", nginx()) : null;
  if (host === "ghcr.io") return path === "owner/app" ? found("On ghcr.io", APP.map((tag) => ({ ...tag }))) : null;
  if (host !== PLAIN) return null;
  if (path === "load/huge") return found(`On ${PLAIN}`, builds(100_000));
  if (path === "base") return found(`On ${PLAIN}`, []);
  return NAMES.includes(path) ? found(`On ${PLAIN}`, APP.map((tag) => ({ ...tag }))) : null;
}

export function rowOf(tag: FakeTag, described: boolean, knot: number | null = null): TagRow {
  if (!described) return { tag: tag.tag, digest: null, mediaType: null, kind: null, platforms: [], size: null, updated: null, local: null, fault: null, knot: null };
  const mediaType = `application/vnd.oci.image.${tag.kind === "index" ? "index" : "manifest"}.v1+json`;
  return { tag: tag.tag, digest: tag.digest, mediaType, kind: tag.kind, platforms: tag.platforms, size: tag.size, updated: tag.updated, local: tag.local, fault: null, knot };
}

const byVersion = new Intl.Collator("en", { numeric: true });

/** A window of the tags, as Rust answers it: what is not described stands behind what is. */
export function queryTags(tags: FakeTag[], described: ReadonlySet<string>, query: TagQuery): TagRows {
  const words = query.filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  let found = tags.filter(({ tag }) => words.every((word) => tag.toLowerCase().includes(word)));
  const { platform } = query;
  if (platform !== null) found = found.filter((tag) => described.has(tag.tag) && tag.platforms.includes(platform));
  const sign = query.descending ? -1 : 1;
  const compare: Record<TagQuery["sort"], ((a: FakeTag, b: FakeTag) => number) | null> = {
    registry: null,
    name: (a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0),
    version: (a, b) => byVersion.compare(a.tag, b.tag),
    updated: (a, b) => Date.parse(a.updated) - Date.parse(b.updated),
    size: (a, b) => a.size - b.size,
    digest: (a, b) => byVersion.compare(a.digest, b.digest),
  };
  const order = compare[query.sort];
  const fetched = query.sort === "updated" || query.sort === "size" || query.sort === "digest";
  if (order) {
    found = [...found].sort((a, b) => {
      const unknown = fetched ? Number(!described.has(a.tag)) - Number(!described.has(b.tag)) : 0;
      return unknown !== 0 ? unknown : fetched && !described.has(a.tag) ? 0 : sign * order(a, b);
    });
  } else if (query.descending) found = [...found].reverse();
  if (query.grouped) {
    const first = new Map<string, number>();
    found.forEach((tag, index) => {
      const key = described.has(tag.tag) ? tag.digest : tag.tag;
      if (!first.has(key)) first.set(key, index);
    });
    const at = (tag: FakeTag) => first.get(described.has(tag.tag) ? tag.digest : tag.tag) ?? 0;
    found = [...found].sort((a, b) => at(a) - at(b));
  }
  const rows = found.slice(query.from, query.from + query.count);
  return {
    total: tags.length,
    matched: found.length,
    described: found.filter(({ tag }) => described.has(tag)).length,
    from: query.from,
    rows: rows.map((tag) => rowOf(tag, described.has(tag.tag))),
  };
}

export const platformDigest = (tag: FakeTag, platform: string): string => {
  const image = CATALOG.find((known) => rootDigest(known) === tag.digest);
  return image ? manifestDigest(image, platform) : fakeDigest(`${tag.digest} ${platform}`);
};
