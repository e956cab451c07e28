// Pushes, copies and names, make-believe: what registries hold, what a push would change, and the push itself.

import type { Commands, Fault, FaultCode, LocalImage, PlanAccount, PlanBlob, PushPlan, PushRequest, RegistryEntry, TagMove, Tagged, TransferRow } from "../bindings";
import type { CallResult } from "../host";
import { shortDigest } from "../../lib/format";
import { withoutTag } from "../../lib/segments";
import { CATALOG, HOST, PLATFORM, manifestDigest, rootDigest, type FakeImage } from "./catalog";
import { fakeDigest } from "./digest";
import { runJob, type FakeJob } from "./job";
import { explain } from "./reference";
import type { FakeWire } from "./wire";

type PushCalls = "plan_push" | "start_push" | "tag_image" | "retag";

type Part = {
  wire: FakeWire;
  fault: (code: FaultCode, message: string, part?: Partial<Fault>) => Fault;
  speed: number;
  local: Map<string, LocalImage>;
  jobs: Map<number, FakeJob>;
  registries: () => readonly RegistryEntry[];
  /** Ends a push when two fifths have moved. */
  pushFails?: Fault | null;
};

type Stored = { digest: string; platforms: string[] };
type Repository = { tags: Map<string, Stored>; blobs: Set<string> };

const CONFIG = 1460;
const layer = (name: string, tag: string, at: number) => CATALOG.find(({ repository, tag: its }) => repository === name && its === tag)?.platforms[0]?.layers[at]?.digest ?? "";

/** What the registries hold before anything is pushed. */
function shelves(): Map<string, Repository> {
  const held = new Map<string, Repository>();
  for (const image of CATALOG) {
    const key = `${HOST}/${image.repository}`;
    const repository = held.get(key) ?? { tags: new Map<string, Stored>(), blobs: new Set<string>() };
    held.set(key, repository);
    repository.tags.set(image.tag, { digest: rootDigest(image), platforms: image.platforms.map(({ name }) => name) });
    for (const { digest } of blobsOf(image, null)) repository.blobs.add(digest);
  }
  held.set("ghcr.io/username/web", {
    tags: new Map([["stable", { digest: fakeDigest("an older web"), platforms: ["linux/amd64", "linux/arm64"] }]]),
    blobs: new Set([layer("web", "2.0", 0)]),
  });
  held.set("ghcr.io/username/worker", { tags: new Map([["1", { digest: fakeDigest("worker"), platforms: [PLATFORM] }]]), blobs: new Set([layer("web", "2.0", 1)]) });
  return held;
}

type FakeBlob = { digest: string; size: number; kind: "layer" | "config"; label: string };

/** `platforms` null: all. */
function blobsOf(image: FakeImage, platforms: readonly string[] | null): FakeBlob[] {
  const chosen = image.platforms.filter(({ name }) => platforms === null || platforms.includes(name));
  return chosen.flatMap(({ name, layers }): FakeBlob[] => [
    ...layers.map(({ digest, size, instruction, arguments: args }) => ({ digest, size, kind: "layer" as const, label: `${instruction} ${args}` })),
    { digest: fakeDigest(`config ${manifestDigest(image, name)}`), size: CONFIG, kind: "config" as const, label: chosen.length > 1 ? `config, ${name}` : "config" },
  ]);
}

export function fakePush({ wire, fault, speed, local, jobs, registries, pushFails = null }: Part) {
  const held = shelves();
  /** Names that `tag_image` gave, and what they stand for. */
  const named = new Map<string, FakeImage>();

  const read = (input: string) => {
    const { breakdown, problem } = explain(input);
    if (!breakdown) throw fault("reference_invalid", problem?.message ?? "This is no reference", { hint: problem?.hint ?? null });
    return breakdown;
  };
  const imageAt = (canonical: string) => named.get(canonical) ?? CATALOG.find((each) => `${HOST}/${each.repository}:${each.tag}` === canonical);

  function sourcesOf({ input, from, allTags }: PushRequest): FakeImage[] {
    const { canonical, registry, path, familiar } = read(input);
    const names = from === "store" ? [...local.keys()] : CATALOG.map((each) => `${HOST}/${each.repository}:${each.tag}`);
    const wanted = allTags ? names.filter((name) => name.startsWith(`${registry}/${path}:`)) : names.filter((name) => name === canonical);
    const found = wanted.flatMap((name) => imageAt(name) ?? []);
    if (found.length > 0) return found;
    throw from === "store" ? fault("image_missing", `\`${familiar}\` is not on this computer`, { hint: "Pull it first" }) : fault("not_found", `\`${familiar}\` is not in the registry`);
  }

  function accountOn(registry: string, path: string, apiHost: string): PlanAccount {
    const entry = registries().find(({ host }) => host === registry);
    if (entry === undefined) {
      const failed = wire.add({ method: "HEAD", host: apiHost, path: `/v2/${path}/blobs/`, summary: "no such host", status: null, failed: true });
      throw fault("unreachable", `\`${registry}\` can't be reached`, { hint: "Check the name", exchange: failed.id });
    }
    if (registry === "docker.io" && path.startsWith("library/")) {
      const failed = wire.add({ method: "GET", host: "auth.docker.io", path: "/token", role: "auth", summary: "denied", status: 403, failed: true });
      throw fault("auth_refused", `Docker Hub does not let you push to \`${path}\``, { hint: "Name a repository of your own", exchange: failed.id });
    }
    if (entry.account !== null) return { account: entry.account, origin: "in the keychain", mayPush: path.split("/")[0] === entry.account ? true : null, note: null };
    if (entry.kind === "hub" || entry.kind === "ghcr") return { account: null, origin: "", mayPush: false, note: `${entry.label} takes pushes from accounts alone` };
    return { account: null, origin: "none is needed", mayPush: true, note: null };
  }

  function plan(request: PushRequest): { answer: PushPlan; sources: FakeImage[] } {
    const to = read(request.destination);
    const from = read(request.input);
    const sources = sourcesOf(request);
    const account = accountOn(to.registry, to.path, to.apiHost);
    const key = `${to.registry}/${to.path}`;
    const repository = held.get(key);
    const [image] = sources;
    const every = image?.platforms.map(({ name }) => name) ?? [];
    const here = request.from === "store" ? (local.get(from.canonical)?.platforms ?? every) : every;
    const chosen = request.platforms.length === 0 ? here : request.platforms;
    const seen = new Set<string>();
    const blobs = sources.flatMap((source) => blobsOf(source, sources.length === 1 ? chosen : null)).flatMap((blob): PlanBlob[] => {
      if (seen.has(blob.digest)) return [];
      seen.add(blob.digest);
      if (repository?.blobs.has(blob.digest) === true) return [{ ...blob, fate: "exists", mountFrom: null }];
      const other = [...held].find(([name, shelf]) => name !== key && name.startsWith(`${to.registry}/`) && shelf.blobs.has(blob.digest));
      return [{ ...blob, fate: other ? "mount" : "upload", mountFrom: other ? other[0].slice(to.registry.length + 1) : null }];
    });
    const bytesOf = (fate: PlanBlob["fate"]) => blobs.reduce((sum, blob) => sum + (blob.fate === fate ? blob.size : 0), 0);
    const tags = sources.map((source): TagMove => {
      const tag = request.allTags ? source.tag : (to.tag ?? "latest");
      const previous = repository?.tags.get(tag)?.digest ?? null;
      const digest = sources.length > 1 || chosen.length === every.length ? rootDigest(source) : fakeDigest(`index of ${chosen.join(" ")} ${rootDigest(source)}`);
      return { tag, digest, previous: previous === digest ? null : previous, state: previous === null ? "new" : previous === digest ? "same" : "moves" };
    });
    const now = tags.length === 1 ? (repository?.tags.get(tags[0]?.tag ?? "")?.platforms ?? []) : [];
    wire.add({ method: "HEAD", host: to.apiHost, path: `/v2/${to.path}/manifests/${to.tag ?? "latest"}`, summary: tags[0]?.state === "new" ? "no such tag" : "its digest", status: tags[0]?.state === "new" ? 404 : 200 });
    const answer: PushPlan = {
      source: from.familiar,
      destination: to.familiar,
      breakdown: to,
      verb: request.from === "store" ? "push" : "copy",
      account,
      repositoryExists: repository !== undefined,
      digest: tags[0]?.digest ?? "",
      mediaType: every.length > 1 ? "application/vnd.oci.image.index.v1+json" : "application/vnd.oci.image.manifest.v1+json",
      documents: chosen.length > 1 ? chosen.length + 1 : sources.length,
      blobs,
      uploadBytes: bytesOf("upload"),
      mountBytes: bytesOf("mount"),
      existsBytes: bytesOf("exists"),
      tags,
      platforms: every.length > 1 && sources.length === 1 ? every.map((platform) => ({ platform, present: here.includes(platform), chosen: chosen.includes(platform) })) : [],
      lostPlatforms: now.filter((platform) => !chosen.includes(platform)),
      warnings: every.length > 1 && chosen.length < every.length && sources.length === 1 ? ["Not every platform goes, so the index there gets another digest than the one here"] : [],
      command:
        request.from === "registry" ? `skopeo copy --all docker://${from.familiar} docker://${to.familiar}`
        : request.allTags ? `docker push --all-tags ${withoutTag(to.familiar)}`
        : from.canonical === to.canonical ? `docker push ${to.familiar}`
        : `docker tag ${from.familiar} ${to.familiar} && docker push ${to.familiar}`,
    };
    return { answer, sources };
  }

  function start(request: PushRequest): number {
    const { answer, sources } = plan(request);
    const { blobs, tags, breakdown, source, destination, verb, command, digest } = answer;
    const id = Math.max(0, ...jobs.keys()) + 1;
    const rows = blobs.map(({ digest: blob, kind, size, fate, mountFrom }): TransferRow => ({
      digest: blob, kind, size, done: fate === "upload" ? 0 : size,
      state: fate === "upload" ? "waiting" : fate === "mount" ? "mounted" : "exists",
      note: fate === "mount" ? `Mounted from ${mountFrom ?? ""}` : null, retryAt: null,
    }));
    const key = `${breakdown.registry}/${breakdown.path}`;
    const head = { id, verb: verb === "copy" ? ("copy" as const) : ("push" as const), title: destination, reference: breakdown.canonical, source, platform: null, command };
    jobs.set(id, runJob(head, rows, {
      speed, root: digest, fails: pushFails,
      landed: (blob) => wire.add({ job: id, method: "PUT", host: breakdown.apiHost, path: `/v2/${breakdown.path}/blobs/uploads/1?digest=${blob}`, summary: "layer", status: 201 }),
      finished: (job) => {
        if (job.outcome?.state !== "done") return;
        const repository = held.get(key) ?? { tags: new Map<string, Stored>(), blobs: new Set<string>() };
        held.set(key, repository);
        for (const blob of blobs) repository.blobs.add(blob.digest);
        tags.forEach(({ tag, digest: root }, index) => repository.tags.set(tag, { digest: root, platforms: sources[index]?.platforms.map(({ name }) => name) ?? [] }));
      },
      lines: (job) => (verb === "copy" ? copyLines(job) : pushLines(job, key, tags)),
    }));
    return id;
  }

  function tagged(name: string, digest: string, previous: string | null, replace: boolean, write: () => void): Tagged {
    const moves = previous !== null && previous !== digest;
    const done = !moves || replace;
    if (done) write();
    return { name, digest, previous: moves ? previous : null, done };
  }

  const answers: { [K in PushCalls]: (args: Commands[K][0]) => CallResult<K> } = {
    plan_push: ({ request }) => plan(request).answer,
    start_push: ({ request }) => start(request),
    tag_image: ({ reference, name, replace }) => {
      const source = local.get(read(reference).canonical);
      const image = imageAt(read(reference).canonical);
      if (!source || !image) throw fault("image_missing", `\`${reference}\` is not on this computer`, { hint: "Pull it first" });
      const { canonical, familiar, registry, path, tag } = read(name);
      return tagged(canonical, source.digest, local.get(canonical)?.digest ?? null, replace, () => {
        named.set(canonical, image);
        local.set(canonical, { ...source, reference: canonical, familiar, registry, path, tag });
      });
    },
    retag: ({ reference, tag, replace }) => {
      const { registry, path, tag: from, familiar } = read(reference);
      const repository = held.get(`${registry}/${path}`);
      const stored = repository?.tags.get(from ?? "latest");
      if (!repository || !stored) throw fault("not_found", `\`${familiar}\` is not in the registry`);
      return tagged(`${registry}/${path}:${tag}`, stored.digest, repository.tags.get(tag)?.digest ?? null, replace, () => {
        repository.tags.set(tag, stored);
        wire.add({ method: "PUT", path: `/v2/${path}/manifests/${tag}`, summary: "manifest", status: 201 });
      });
    },
  };
  return { answers, held };
}

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)}MB`;

function pushLines(job: FakeJob, repository: string, tags: readonly TagMove[]): string[] {
  const lines = [`The push refers to repository [${repository}]`];
  for (const row of job.rows) {
    if (row.kind !== "layer") continue;
    const said = { preparing: "Preparing", waiting: "Waiting", exists: "Layer already exists", mounted: row.note ?? "Mounted", moving: `Pushing  ${mb(row.done)}/${mb(row.size)}`, retrying: "Retrying", verifying: "Pushing", complete: "Pushed", paused: "Waiting", failed: "Retrying in 5 seconds" }[row.state];
    lines.push(`${shortDigest(row.digest)}: ${said}`);
  }
  if (job.outcome?.state === "done") for (const { tag, digest } of tags) lines.push(`${tag}: digest: ${digest} size: 812`);
  return lines;
}

function copyLines(job: FakeJob): string[] {
  const lines = ["Getting image source signatures"];
  for (const row of job.rows) {
    const said = row.state === "exists" || row.state === "mounted" ? "skipped: already exists" : row.state === "complete" ? "done" : `${mb(row.done)} / ${mb(row.size)}`;
    lines.push(`Copying ${row.kind === "config" ? "config" : "blob"} ${shortDigest(row.digest)} ${said}`);
  }
  if (job.outcome?.state === "done") lines.push("Writing manifest to image destination");
  return lines;
}

