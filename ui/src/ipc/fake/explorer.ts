// What a registry holds, make-believe: catalogs, tags, deletions and referrers.

import type { Commands, Fault, FaultCode, LookIn, RateLimit, ReferrerList, ReferrerRow, RepositoryHead } from "../bindings";
import type { CallName, CallResult } from "../host";
import { CATALOG, HOST, rootDigest } from "./catalog";
import { fakeDigest } from "./digest";
import { explain } from "./reference";
import { NAMES, PLAIN, queryTags, repositoryOf, rowOf, type FakeRepository, type FakeTag } from "./tags";
import type { FakeWire } from "./wire";

type ExplorerCalls =
  | "list_catalog" | "open_repository" | "query_tags" | "describe_tags" | "close_repository"
  | "plan_delete" | "delete_tags" | "list_referrers" | "rate_limit";

type Part = {
  wire: FakeWire;
  fault: (code: FaultCode, message: string, part?: Partial<Fault>) => Fault;
  /** Pages come at once. */
  fast: boolean;
  /** Faults by tag, met when it is described or deleted. */
  tagFaults?: Record<string, Fault>;
  rateLimit?: RateLimit | null;
};

type Open = { head: RepositoryHead; repository: FakeRepository; described: Set<string>; watchers: Set<(head: RepositoryHead) => void> };

const PAGE = 100;
const LIMIT: RateLimit = { limit: 200, remaining: 198, windowSeconds: 21_600, source: "username" };

export function fakeExplorer({ wire, fault, fast, tagFaults = {}, rateLimit = LIMIT }: Part) {
  const open = new Map<number, Open>();
  /** One state for each name, so that a deletion is seen by the next look. */
  const repositories = new Map<string, FakeRepository>();
  const plans: { repository: string; tags: string[] }[] = [];

  function find(input: string): FakeRepository {
    const { breakdown, problem } = explain(input);
    if (!breakdown) throw fault("reference_invalid", problem?.message ?? "This is no reference");
    const key = `${breakdown.registry}/${breakdown.path}`;
    const known = repositories.get(key) ?? repositoryOf(breakdown.registry, breakdown.path);
    if (known) {
      repositories.set(key, known);
      return known;
    }
    const failed = wire.add({ path: `/v2/${breakdown.path}/tags/list`, summary: "name unknown", host: breakdown.apiHost, status: 404, failed: true });
    throw fault("not_found", `\`${key}\` is not there, or may not be seen`, { hint: "Check the spelling, or sign in", exchange: failed.id });
  }
  const opened = (id: number): Open => {
    const known = open.get(id);
    if (!known) throw fault("internal", `There is no open repository ${id}`);
    return known;
  };
  const seen = (each: Open): FakeTag[] => each.repository.tags.slice(0, each.head.known);

  const answers: { [K in ExplorerCalls]: (args: Commands[K][0]) => CallResult<K> } = {
    list_catalog: ({ host, after }) => {
      if (host === HOST) return { repositories: [...new Set(CATALOG.map(({ repository }) => repository))], next: null, partial: false };
      if (host !== PLAIN) {
        wire.add({ path: "/v2/_catalog", host, summary: "not for everyone", status: 401, failed: true });
        throw fault("not_found", `${host === "docker.io" ? "Docker Hub" : host} has no catalog`);
      }
      const sorted = [...NAMES].sort();
      const from = after === null ? 0 : Number(after);
      wire.add({ path: `/v2/_catalog?n=${PAGE}`, host, summary: `page ${from / PAGE + 1}` });
      return { repositories: sorted.slice(from, from + PAGE), next: from + PAGE < sorted.length ? String(from + PAGE) : null, partial: false };
    },
    open_repository: ({ input }) => {
      const repository = find(input);
      const { host, path, about, tags } = repository;
      const id = open.size + 1;
      const first = Math.min(tags.length, 1000);
      wire.add({ path: `/v2/${path}/tags/list?n=1000`, host: host === "docker.io" ? "registry-1.docker.io" : host, summary: "page 1" });
      const familiar = host === "docker.io" ? path.replace(/^library\//, "") : `${host}/${path}`;
      const head: RepositoryHead = {
        id, repository: path, familiar, host, about, known: first, invalid: 0, odd: [], finished: first === tags.length, partial: false, fault: null,
        rateLimit: host === "docker.io" ? rateLimit : null,
      };
      open.set(id, { head, repository, described: new Set(), watchers: new Set() });
      return head;
    },
    query_tags: ({ query }) => {
      const each = opened(query.id);
      return queryTags(seen(each), each.described, query);
    },
    describe_tags: ({ id, tags }) => {
      const each = opened(id);
      const rows = tags.flatMap((name) => {
        const tag = each.repository.tags.find((known) => known.tag === name);
        if (!tag) return [];
        const failed = tagFaults[name];
        if (failed) return [{ ...rowOf(tag, false), fault: failed }];
        each.described.add(name);
        return [rowOf(tag, true)];
      });
      return { rows, rateLimit: each.head.rateLimit };
    },
    close_repository: ({ id }) => {
      open.delete(id);
      return null;
    },
    plan_delete: ({ repository, tags }) => {
      const found = find(repository);
      const digests = [...new Set(tags.flatMap((name) => found.tags.find(({ tag }) => tag === name)?.digest ?? []))];
      const parents = (on: FakeTag[]) => on.flatMap(({ tag }) => (tag.endsWith("-amd64") ? [tag.replace(/-amd64$/, "")] : []));
      plans.push({ repository, tags });
      return {
        id: plans.length,
        repository,
        items: digests.map((digest) => {
          const on = found.tags.filter((tag) => tag.digest === digest);
          return {
            digest,
            tags: on.map(({ tag }) => tag).filter((tag) => tags.includes(tag)),
            also: on.map(({ tag }) => tag).filter((tag) => !tags.includes(tag)),
            parents: parents(on),
            referrers: found.tags.filter(({ tag }) => tag.startsWith(`sha256-${digest.slice(7)}`)).length,
            size: on[0]?.size ?? null,
          };
        }),
        checked: found.tags.length - tags.length,
        unchecked: 0,
        canUntag: found.host === "ghcr.io" ? null : found.host === HOST,
        warnings: [],
        command: `longshore delete ${tags.map((tag) => `${repository}:${tag}`).join(" ")}`,
      };
    },
    delete_tags: ({ request }) => {
      const plan = plans[request.plan - 1];
      if (!plan) throw fault("internal", `There is no plan ${request.plan}`);
      const found = find(plan.repository);
      const failed = plan.tags.flatMap((tag) => (tagFaults[tag] ? [{ tag, fault: tagFaults[tag] }] : []));
      const chosen = plan.tags.filter((tag) => !(tag in tagFaults));
      const digests = found.tags.filter(({ tag }) => chosen.includes(tag)).map(({ digest }) => digest);
      const goes = ({ tag, digest }: FakeTag) => (request.mode === "tag" ? chosen.includes(tag) : digests.includes(digest));
      const deleted = found.tags.filter(goes).map(({ tag }) => tag);
      found.tags = found.tags.filter((tag) => !goes(tag));
      wire.add({ method: "DELETE", path: `/v2/${found.path}/manifests/${digests[0] ?? ""}`, host: found.host, status: 202, summary: "deleted" });
      return { deleted, failed };
    },
    list_referrers: ({ input, from }) => referrersOf(input, from),
    rate_limit: ({ host }) => (host === "docker.io" ? rateLimit : null),
  };

  /** The rest of the tags, in pages of ten thousand. */
  function watchRepository(id: number, onUpdate: (head: RepositoryHead) => void): Promise<null> {
    const each = opened(id);
    onUpdate(each.head);
    return new Promise((resolve) => {
      const step = () => {
        if (!open.has(id)) {
          resolve(null);
          return;
        }
        const known = Math.min(each.repository.tags.length, each.head.known + 10_000);
        each.head = { ...each.head, known, finished: known === each.repository.tags.length };
        onUpdate(each.head);
        if (each.head.finished) resolve(null);
        else setTimeout(step, fast ? 0 : 120);
      };
      if (each.head.finished) resolve(null);
      else setTimeout(step, fast ? 0 : 120);
    });
  }
  return { answers: answers satisfies Partial<Record<CallName, unknown>>, watchRepository };
}

function referrersOf(input: string, from: LookIn): ReferrerList {
  const image = CATALOG.find((known) => input.includes(`${known.repository}:${known.tag}`));
  const subject = image ? rootDigest(image) : fakeDigest(`subject ${input}`);
  const row = (label: string, artifactType: string, size: number, via: string, platform: string | null = null): ReferrerRow => ({
    digest: fakeDigest(`referrer ${label} ${platform ?? ""}`), artifactType, label, size, created: "2026-11-20T10:00:00Z", via, platform,
    annotations: [{ key: "org.opencontainers.image.created", value: "2026-11-20T10:00:00Z" }],
  });
  if (image?.repository !== "multi" || from === "store") return { subject, rows: [], how: "The registry answered the referrers API with an empty list." };
  return {
    subject,
    rows: [
      row("Signature (cosign)", "application/vnd.dev.cosign.artifact.sig.v1+json", 812, `Tag sha256-${subject.slice(7)}.sig`),
      row("SBOM (SPDX)", "application/spdx+json", 48_200, "Referrers API"),
      row("Provenance (SLSA)", "application/vnd.in-toto+json", 6_120, "In the index", "linux/amd64"),
      row("Provenance (SLSA)", "application/vnd.in-toto+json", 6_080, "In the index", "linux/arm64"),
    ],
    how: "The registry answers the referrers API; cosign's tags were looked at too.",
  };
}
