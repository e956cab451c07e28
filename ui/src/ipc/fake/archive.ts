// Archives: a few files that one could have been given, what they are, and transfers to and from them. By their names.

import type { ArchiveEvidence, ArchiveImage, ArchiveKind, ArchiveLayer, ArchiveView, Commands, DaemonImage, DaemonView, Fault, FaultCode, FilesEvent, GivenFile, ImageDetail, LocalImage, NameState, SavePlan, SaveSource, TransferRow, Verb } from "../bindings";
import type { CallResult } from "../host";
import { shortDigest } from "../../lib/format";
import { fakeDigest } from "./digest";
import { runJob, type FakeJob } from "./job";
import type { explain as explainReference } from "./reference";

export type FakeArchivesOptions = {
  /** Container engines that are there; none otherwise. */
  daemons?: DaemonView[];
  daemonImages?: DaemonImage[];
  /** What the system's dialog gives: names of files; closed without one where empty. */
  opens?: string[];
  /** Whether the dialog that asks where to save is closed without a name. */
  saveCancelled?: boolean;
  /** What of a folder can't be saved. */
  leftOut?: string[];
};

type Parts = {
  fault: (code: FaultCode, message: string, part?: Partial<Fault>) => Fault;
  speed: number;
  local: Map<string, LocalImage>;
  jobs: Map<number, FakeJob>;
  explain: typeof explainReference;
  options: FakeArchivesOptions;
  inspect: (args: Commands["inspect_image"][0]) => ImageDetail;
};

type Calls =
  | "open_files" | "identify_file" | "start_load" | "start_import" | "plan_save" | "start_save" | "start_export" | "drag_out" | "save_item" | "show_saved"
  | "list_daemons" | "daemon_images" | "start_take" | "start_give";

const MB = 1e6;
const layer = (seed: string, size: number, here = false): ArchiveLayer => ({ digest: fakeDigest(seed), size: size * MB, here });
const BASE = [layer("base", 28.2, true), layer("node", 41.6, true), layer("certs", 1.7, true)];

/** A file that was given; what it is follows from its name (`fs`, `chart`, `photo`, `layer`, `broken`, else images). */
export function givenFile(id: number, name: string, part: Partial<GivenFile> = {}): GivenFile {
  return { id, name, place: "~/Downloads", size: 148 * MB, folder: false, ...part };
}

function evidence(kind: ArchiveKind): ArchiveEvidence[] {
  const oci = kind === "oci" || kind === "hybrid" || kind === "layout";
  const docker = kind === "docker" || kind === "docker_old" || kind === "hybrid";
  const root = kind === "root_filesystem";
  return [
    { title: "OCI archive", chosen: oci, says: oci ? "Has" : "Would have", names: ["oci-layout", "index.json"] },
    { title: "Docker archive", chosen: docker && !oci, says: docker ? "Has" : "Would have", names: ["manifest.json"] },
    { title: "Root filesystem", chosen: root, says: root ? "Starts at" : "Would start at", names: ["bin", "etc", "usr"] },
  ];
}

export function fakeArchives({ fault, speed, local, jobs, explain, options, inspect }: Parts) {
  let watcher: (event: FilesEvent) => void = () => undefined;
  const given = new Map<number, GivenFile>();
  const file = (id: number) => {
    const known = given.get(id);
    if (!known) throw fault("internal", `There is no file ${id}`);
    return known;
  };
  const nextJob = () => Math.max(0, ...jobs.keys()) + 1;

  function image(index: number, names: [name: string, state: NameState][], layers: ArchiveLayer[], part: Partial<ArchiveImage> = {}): ArchiveImage {
    const size = layers.reduce((sum, each) => sum + each.size, 0);
    return {
      index,
      digest: fakeDigest(`archived ${index}`),
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      names: names.map(([name, state]) => ({ name, breakdown: explain(name).breakdown, state, previous: state === "moves" ? `sha256:04e1c3aa${"0".repeat(56)}` : null })),
      platforms: ["linux/amd64"],
      layers,
      size,
      newBytes: layers.filter(({ here }) => !here).reduce((sum, each) => sum + each.size, 0),
      missing: [],
      ...part,
    };
  }

  function identify(id: number): ArchiveView {
    const { name, size, folder } = file(id);
    const view = (kind: ArchiveKind, title: string, part: Partial<ArchiveView> = {}): ArchiveView => ({
      id, name, kind, title, evidence: evidence(kind), compression: name.endsWith(".zst") ? "zstd" : name.endsWith(".gz") ? "gzip" : null, size: size ?? 99 * MB, unpacked: name.endsWith(".zst") || name.endsWith(".gz") ? 412 * MB : null, entries: 31, whole: true, elapsed: 900,
      advice: null, images: [], problems: [], filesystem: null, checked: true, command: `docker load -i ${name}`, ...part,
    });
    const filesystem = { top: ["bin", "dev", "etc", "home", "lib", "usr", "var"], files: 9771, platform: "linux/arm64", platformFrom: "bin/busybox", command: "/bin/sh", suggestedName: `${name.replace(/\..*/, "")}:imported` };
    if (name.includes("broken")) throw fault("archive_invalid", `\`${name}\` ends in the middle of \`manifest.json\``, { hint: "Copy it again" });
    if (name.includes("fs")) return view("root_filesystem", "Root filesystem", { filesystem, elapsed: 400, command: `docker import ${name} ${filesystem.suggestedName}` });
    if (name.includes("layer")) return view("layer", "One layer of an image", { filesystem: { ...filesystem, platform: null, platformFrom: null, command: null }, advice: "It can be imported as an image with this one layer" });
    if (name.includes("chart")) return view("chart", "Helm chart", { advice: "Push it with `helm push`", command: "" });
    if (name.includes("photo")) return view("foreign", "JPEG picture", { advice: null, command: "", whole: false, elapsed: 2 });
    if (name.includes("single")) return view("docker", "Docker archive", { images: [image(0, [["ghcr.io/myteam/myapp:v2", "new"]], [...BASE, layer("app", 26)])] });
    if (name.includes("moved")) return view("docker", "Docker archive", { images: [image(0, [["postgres:16", "moves"]], [layer("pg", 60)])] });
    return view(folder ? "layout" : "hybrid", folder ? "OCI layout" : "OCI archive", {
      problems: name.includes("odd") ? ["`manifest.json` names a layer twice"] : [],
      images: [
        image(0, [["ghcr.io/myteam/myapp:v2", "new"]], [...BASE, layer("app", 26), layer("conf", 3.4)]),
        image(1, [["ghcr.io/myteam/worker:v4", "new"], ["ghcr.io/myteam/worker:stable", "moves"]], [...BASE, layer("worker", 9)]),
        image(2, [["postgres:16", "moves"]], [layer("base", 28.2, true), layer("pg1", 12), layer("pg2", 60), layer("pg3", 9), layer("pg4", 4)], { platforms: ["linux/amd64", "linux/arm64"] }),
        ...(name.includes("odd") ? [image(3, [["Not A Name", "invalid"]], [layer("odd", 1)]), image(4, [["ghcr.io/myteam/cut:1", "new"]], [layer("cut", 2)], { missing: ["blobs/sha256/9f2c…"] }), image(5, [], [layer("nameless", 1)])] : []),
      ],
    });
  }

  type Start = { verb: Verb; title: string; reference: string; source: string | null; engine?: string; command: string };
  function start(begin: Start, layers: readonly ArchiveLayer[], lines: (job: FakeJob) => string[], done: () => void): number {
    const id = nextJob();
    const rows = [...new Map(layers.map((each) => [each.digest, each])).values()].map(({ digest, size, here }): TransferRow => {
      const skipped = here && begin.verb === "load";
      return { digest, kind: "layer", size, done: skipped ? size : 0, state: skipped ? "exists" : "waiting", note: null, retryAt: null };
    });
    const finished = (job: FakeJob) => {
      if (job.outcome?.state === "done") done();
    };
    jobs.set(id, runJob({ id, platform: null, ...begin }, rows, { speed, root: fakeDigest(begin.title), fails: null, landed: () => undefined, finished, lines }));
    return id;
  }
  function keep(name: string, digest: string, size: number, platforms: string[]): void {
    const breakdown = explain(name).breakdown;
    if (!breakdown) return;
    const { canonical, familiar, registry, path, tag } = breakdown;
    local.set(canonical, { reference: canonical, familiar, registry, path, tag, digest, mediaType: "application/vnd.oci.image.manifest.v1+json", platforms, size, created: null, pulledAt: new Date().toISOString() });
  }

  function plan(source: SaveSource): SavePlan {
    const detail = inspect({ input: source.input, from: source.from, platform: source.platform });
    const layers = detail.layers.flatMap(({ digest, size, presentLocally }) => (digest === null ? [] : [{ digest, size, here: presentLocally }]));
    const saveBytes = layers.reduce((sum, { size }) => sum + size, 12_288);
    const top = ["app", "bin", "dev", "etc", "home", "lib", "opt", "root", "sbin", "srv", "tmp", "usr", "var"];
    return {
      title: detail.familiar,
      tags: detail.tag === null ? [] : [detail.tag],
      platforms: source.platform === null ? detail.platforms.map(({ platform }) => platform) : [source.platform],
      layers,
      saveBytes,
      saveEntries: [
        { name: "oci-layout", size: 30, note: "says that it is one" },
        { name: "index.json", size: 402, note: "names and tags" },
        ...layers.map(({ digest, size }, at) => ({ name: `blobs/sha256/${shortDigest(digest)}…`, size, note: `layer ${at + 1}` })),
        { name: "manifest.json", size: 512, note: "for docker load" },
      ],
      exportTop: top,
      exportBytes: source.from === "store" ? 2.4 * saveBytes : null,
      exportEntries: source.from === "store" ? top.map((name) => ({ name: `${name}/`, size: 0, note: "folder" })) : [],
      settings: [{ key: "Env", value: "4 variables" }, { key: "Cmd", value: "/bin/sh" }],
      digestPreserved: true,
      digestNote: "the manifest and the compressed layers are written as they are",
      suggestedName: (detail.familiar.split("/").at(-1) ?? "image").replace(":", "-"),
    };
  }
  const written = (job: FakeJob) => job.rows.map(({ digest, state }) => `Copying blob ${shortDigest(digest)} ${state === "complete" ? "done" : ""}`);
  const layersOf = (sources: readonly SaveSource[]) => sources.flatMap((source) => plan(source).layers);

  const answers: { [K in Calls]: (args: Commands[K][0]) => CallResult<K> } = {
    open_files: ({ folder }) => (options.opens ?? ["release-images.tar.zst"]).map((name, at) => {
      const one = givenFile(1000 + at, name, { folder, size: folder ? null : 148 * MB });
      given.set(one.id, one);
      return one;
    }),
    identify_file: ({ file: id }) => identify(id),
    start_load: ({ request }) => {
      const view = identify(request.file);
      const images = request.images.map(({ index, names }) => ({ image: view.images.find((each) => each.index === index), names }));
      const names = request.destination === null ? images.flatMap((each) => each.names) : [request.destination];
      const moves = images.some(({ image: each, names: wanted }) => each?.names.some(({ name, state }) => state === "moves" && wanted.includes(name)));
      if (moves && !request.replace && request.destination === null) throw fault("archive_invalid", "A name stands for another image here", { hint: "Confirm the move" });
      const layers = images.flatMap(({ image: each }) => each?.layers ?? []);
      return start({ verb: "load", title: view.name, reference: explain(names[0] ?? "").breakdown?.canonical ?? view.name, source: view.name, command: view.command }, layers, (job) => (job.outcome?.state === "done" ? names.map((name) => `Loaded image: ${name}`) : job.rows.map(({ digest }) => `${shortDigest(digest)}: Loading layer`)), () => {
        if (request.destination === null) for (const each of images) for (const name of each.names) if (each.image) keep(name, each.image.digest, each.image.size, each.image.platforms);
      });
    },
    start_import: ({ request }) => {
      const { name, size } = file(request.file);
      const digest = fakeDigest(name);
      return start({ verb: "import", title: request.name, reference: explain(request.name).breakdown?.canonical ?? "", source: name, command: `docker import ${name} ${request.name}` }, [{ digest, size: size ?? 0, here: false }], (job) => (job.outcome?.state === "done" ? [digest] : []), () => keep(request.name, digest, size ?? 0, [request.platform ?? "linux/amd64"]));
    },
    plan_save: ({ source }) => plan(source),
    start_save: ({ request }) => (options.saveCancelled ? null : start({ verb: "save", title: request.images.length === 1 ? (request.images[0]?.input ?? "") : `${request.images.length} images`, reference: request.images[0]?.input ?? "", source: null, command: "docker save" }, layersOf(request.images), written, () => undefined)),
    start_export: ({ request }) => (options.saveCancelled ? null : start({ verb: "export", title: request.image.input, reference: request.image.input, source: null, command: "docker export" }, layersOf([request.image]), written, () => undefined)),
    drag_out: () => true,
    save_item: () => (options.saveCancelled ? null : { place: "layer.tar.gz", leftOut: options.leftOut ?? [] }),
    show_saved: () => null,
    list_daemons: () => options.daemons ?? [],
    daemon_images: () => options.daemonImages ?? [],
    start_take: ({ image: name }) => start({ verb: "load", title: name, reference: explain(name).breakdown?.canonical ?? "", source: "Docker", engine: "Docker", command: `docker save ${name}` }, [layer(name, 12)], () => [], () => keep(name, fakeDigest(name), 12 * MB, ["linux/amd64"])),
    start_give: ({ input }) => start({ verb: "save", title: input, reference: input, source: null, engine: "Docker", command: "longshore save | docker load" }, [layer(input, 12)], () => [`Loaded image: ${input}`], () => undefined),
  };

  return {
    answers,
    watchFiles: (onEvent: (event: FilesEvent) => void) => {
      watcher = onEvent;
    },
    happen: (event: FilesEvent) => {
      if (event.kind === "given") for (const one of event.files) given.set(one.id, one);
      watcher(event);
    },
  };
}
