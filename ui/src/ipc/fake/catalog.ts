// The make-believe practice registry: the same images, shapes and proportions as the real one.

import type { HowItRuns, ImageDetail, LayerDetail, LocalImage, PlatformEntry, PracticeImage, RawDocument } from "../bindings";
import { fakeDigest } from "./digest";

export const HOST = "127.0.0.1:5055";
export const PLATFORM = "linux/amd64";
const CREATED = "2026-03-02T09:30:00Z";

export type FakeLayer = { digest: string; size: number; label: string; instruction: string; arguments: string };
export type FakeImage = {
  repository: string;
  tag: string;
  about: string;
  /** Bottom first, by platform. */
  platforms: { name: string; layers: FakeLayer[] }[];
};

function layer(label: string, size: number, instruction: string, args: string, version = ""): FakeLayer {
  return { digest: fakeDigest(`layer ${label} ${version} ${size}`), size, label, instruction, arguments: args };
}

const base = layer("base", 2_800_000, "ADD", "rootfs.tar /");
const runtime = layer("runtime", 5_100_000, "RUN", "install runtime");
const files = layer("base", 1_900_000, "ADD", "files.tar /", "files");

function one(repository: string, tag: string, about: string, layers: FakeLayer[]): FakeImage {
  return { repository, tag, about, platforms: [{ name: PLATFORM, layers }] };
}

export const CATALOG: FakeImage[] = [
  one("hello", "1.0", "Smallest image", [base, layer("app", 420_000, "COPY", "hello /bin/hello", "1.0")]),
  one("hello", "1.1", "Same base, new top", [base, layer("app", 425_000, "COPY", "hello /bin/hello", "1.1")]),
  one("web", "2.0", "Three layers", [base, runtime, layer("app", 900_000, "COPY", "app/ /app/", "2.0")]),
  one("web", "2.1", "Only the top changed", [base, runtime, layer("app", 912_000, "COPY", "app/ /app/", "2.1")]),
  one("files", "1.0", "Changed and deleted files", [
    files,
    layer("change", 310_000, "COPY", "config.json /etc/app/config.json"),
    layer("delete", 320, "RUN", "rm /etc/app/secret.txt"),
  ]),
  {
    repository: "multi",
    tag: "1.0",
    about: "Three platforms",
    platforms: [
      { name: "linux/amd64", layers: [layer("amd64", 1_300_000, "ADD", "amd64.tar /")] },
      { name: "linux/arm64", layers: [layer("arm64", 1_200_000, "ADD", "arm64.tar /")] },
      { name: "linux/arm/v7", layers: [layer("arm/v7", 1_100_000, "ADD", "armv7.tar /")] },
    ],
  },
];

export function referenceOf(image: FakeImage): string {
  return `${HOST}/${image.repository}:${image.tag}`;
}

export function manifestDigest(image: FakeImage, platform: string): string {
  return fakeDigest(`manifest ${image.repository} ${image.tag} ${platform}`);
}

export function rootDigest(image: FakeImage): string {
  return image.platforms.length > 1
    ? fakeDigest(`index ${image.repository} ${image.tag}`)
    : manifestDigest(image, image.platforms[0]?.name ?? PLATFORM);
}

export function layersOf(image: FakeImage, platform: string | null, all: boolean): FakeLayer[] {
  if (all) return image.platforms.flatMap((entry) => entry.layers);
  const wanted = platform ?? PLATFORM;
  return image.platforms.find((entry) => entry.name === wanted)?.layers ?? [];
}

const sum = (layers: { size: number }[]) => layers.reduce((total, { size }) => total + size, 0);

export function practiceImage(image: FakeImage, blobs: ReadonlySet<string>, local: boolean): PracticeImage {
  const every = image.platforms.flatMap((entry) => entry.layers);
  const wanted = image.platforms.length > 1 ? layersOf(image, PLATFORM, false) : every;
  return {
    reference: referenceOf(image),
    repository: image.repository,
    tag: image.tag,
    about: image.about,
    platforms: image.platforms.map(({ name }) => name),
    layers: every.map(({ digest, size, label }) => ({ digest, size, label, presentLocally: blobs.has(digest) })),
    size: sum(every),
    missing: sum(wanted.filter(({ digest }) => !blobs.has(digest))),
    local,
  };
}

export function localImage(image: FakeImage, platforms: string[], pulledAt: string): LocalImage {
  const reference = referenceOf(image);
  return {
    reference,
    familiar: reference,
    registry: HOST,
    path: image.repository,
    tag: image.tag,
    digest: rootDigest(image),
    mediaType: image.platforms.length > 1 ? "application/vnd.oci.image.index.v1+json" : "application/vnd.oci.image.manifest.v1+json",
    platforms,
    size: sum(image.platforms.filter(({ name }) => platforms.includes(name)).flatMap(({ layers }) => layers)) + 1460,
    created: CREATED,
    pulledAt,
  };
}

const RUN: HowItRuns = {
  command: ["/app/server", "--port", "8080"],
  entrypoint: [],
  workingDir: "/app",
  user: "app",
  ports: ["8080/tcp"],
  volumes: [],
  stopSignal: null,
  healthcheck: null,
  environment: [
    { key: "PATH", value: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    { key: "APP_ENV", value: "practice" },
  ],
  labels: [
    { key: "org.opencontainers.image.title", value: "practice" },
    { key: "org.opencontainers.image.source", value: "made by Longshore" },
  ],
};

/** A whole image page's worth. */
export function imageDetail(
  image: FakeImage,
  from: "registry" | "store",
  platform: string | null,
  blobs: ReadonlySet<string>,
  local: boolean,
): ImageDetail {
  const wanted = platform ?? PLATFORM;
  const chosen = image.platforms.find(({ name }) => name === wanted) ?? image.platforms[0];
  const name = chosen?.name ?? PLATFORM;
  const layers = chosen?.layers ?? [];
  const manifest = manifestDigest(image, name);
  const config = fakeDigest(`config ${manifest}`);
  const multi = image.platforms.length > 1;
  const documents = documentsOf(image, name, layers, manifest, config);
  return {
    reference: referenceOf(image),
    familiar: referenceOf(image),
    tag: image.tag,
    from,
    digest: rootDigest(image),
    mediaType: multi ? "application/vnd.oci.image.index.v1+json" : "application/vnd.oci.image.manifest.v1+json",
    size: documents[0]?.size ?? 0,
    index: multi ? { digest: rootDigest(image), size: documents[0]?.size ?? 0, mediaType: "application/vnd.oci.image.index.v1+json" } : null,
    manifest: { digest: manifest, size: 812, mediaType: "application/vnd.oci.image.manifest.v1+json", platform: name },
    config: { digest: config, size: 1460 },
    platforms: image.platforms.map(
      (entry): PlatformEntry => ({
        platform: entry.name,
        digest: manifestDigest(image, entry.name),
        manifestSize: 812,
        size: sum(entry.layers) + 1460,
        presentLocally: entry.layers.every(({ digest }) => blobs.has(digest)),
        selected: entry.name === name,
        attestation: false,
      }),
    ),
    layers: [
      ...layers.map((entry, index) => layerDetail(entry, index + 1, blobs)),
      layerDetail({ digest: "", size: 0, label: "", instruction: "CMD", arguments: '["/app/server"]' }, null, blobs),
    ],
    layerCount: layers.length,
    transferSize: sum(layers) + 1460,
    presentSize: sum(layers.filter(({ digest }) => blobs.has(digest))),
    created: CREATED,
    author: null,
    run: RUN,
    annotations: [{ key: "org.opencontainers.image.created", value: CREATED }],
    links: [],
    documents,
    flags: [],
    local: local ? "same" : "absent",
  };
}

function layerDetail(entry: FakeLayer, number: number | null, blobs: ReadonlySet<string>): LayerDetail {
  const bytes = number !== null;
  return {
    number,
    digest: bytes ? entry.digest : null,
    diffId: bytes ? fakeDigest(`diff ${entry.digest}`) : null,
    size: entry.size,
    mediaType: bytes ? "application/vnd.oci.image.layer.v1.tar+gzip" : null,
    compression: bytes ? "gzip" : null,
    instruction: entry.instruction,
    arguments: entry.arguments,
    createdBy: `/bin/sh -c #(nop) ${entry.instruction} ${entry.arguments}`,
    created: CREATED,
    comment: null,
    emptyLayer: !bytes,
    presentLocally: bytes && blobs.has(entry.digest),
    alsoIn: bytes
      ? CATALOG.filter((other) => other.platforms.some(({ layers }) => layers.some(({ digest }) => digest === entry.digest)) && blobs.has(entry.digest))
          .map((other) => referenceOf(other))
          .slice(1)
      : [],
  };
}

function documentsOf(image: FakeImage, platform: string, layers: FakeLayer[], manifest: string, config: string): RawDocument[] {
  const document = (title: string, digest: string, mediaType: string, value: unknown): RawDocument => {
    const text = JSON.stringify(value, null, 2);
    return { title, digest, mediaType, size: text.length, text };
  };
  const documents: RawDocument[] = [];
  if (image.platforms.length > 1) {
    documents.push(
      document("Index", rootDigest(image), "application/vnd.oci.image.index.v1+json", {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: image.platforms.map((entry) => {
          const [os, architecture, variant] = entry.name.split("/");
          return { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: manifestDigest(image, entry.name), size: 812, platform: { architecture, os, variant } };
        }),
      }),
    );
  }
  documents.push(
    document(`Manifest for ${platform}`, manifest, "application/vnd.oci.image.manifest.v1+json", {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config, size: 1460 },
      layers: layers.map(({ digest, size }) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size })),
    }),
    document("Config", config, "application/vnd.oci.image.config.v1+json", {
      architecture: platform.split("/")[1],
      os: "linux",
      created: CREATED,
      config: { Cmd: RUN.command, WorkingDir: RUN.workingDir, User: RUN.user, Env: RUN.environment.map(({ key, value }) => `${key}=${value}`) },
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => fakeDigest(`diff ${digest}`)) },
      history: layers.map((entry) => ({ created: CREATED, created_by: `${entry.instruction} ${entry.arguments}` })),
    }),
  );
  return documents;
}
