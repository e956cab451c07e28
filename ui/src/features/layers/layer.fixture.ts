import type { ImageDetail, LayerDetail } from "../../ipc/bindings";

const digestOf = (number: number, salt: string) => `sha256:${`${salt}${number.toString(16).padStart(3, "0")}`.repeat(16)}`;

/** Layer `number`, or a step without bytes. */
export function layer(number: number | null, change: Partial<LayerDetail> = {}): LayerDetail {
  return {
    number,
    digest: number === null ? null : digestOf(number, "a"),
    diffId: number === null ? null : digestOf(number, "d"),
    size: number === null ? 0 : 1_000,
    mediaType: number === null ? null : "application/vnd.oci.image.layer.v1.tar+gzip",
    compression: number === null ? null : "gzip",
    instruction: number === null ? "ENV" : "RUN",
    arguments: number === null ? "A=b" : `step ${number}`,
    createdBy: "/bin/sh -c step",
    created: "2026-11-21T10:00:00Z",
    comment: null,
    emptyLayer: number === null,
    presentLocally: false,
    alsoIn: [],
    ...change,
  };
}

/** An image of one platform in a registry, changed as a test asks. */
export function imageDetail(change: Partial<ImageDetail> = {}): ImageDetail {
  const layers = change.layers ?? [layer(1), layer(2)];
  const manifest = digestOf(0, "e");
  const config = digestOf(0, "c");
  return {
    reference: "ghcr.io/myteam/myapp:v1",
    familiar: "ghcr.io/myteam/myapp:v1",
    tag: "v1",
    from: "registry",
    digest: manifest,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    size: 1_912,
    index: null,
    manifest: { digest: manifest, size: 1_912, mediaType: "application/vnd.oci.image.manifest.v1+json", platform: "linux/amd64" },
    config: { digest: config, size: 7_244 },
    platforms: [{ platform: "linux/amd64", digest: manifest, manifestSize: 1_912, size: 99_400_000, presentLocally: false, selected: true, attestation: false }],
    layers,
    layerCount: layers.filter((each) => each.number !== null).length,
    transferSize: layers.reduce((sum, each) => sum + each.size, 0),
    presentSize: layers.filter((each) => each.presentLocally).reduce((sum, each) => sum + each.size, 0),
    created: "2026-11-21T10:00:00Z",
    author: null,
    run: {
      command: ["node", "server.js"], entrypoint: ["docker-entrypoint.sh"], workingDir: "/app", user: "node", ports: ["3000/tcp"],
      volumes: [], stopSignal: null, healthcheck: null, environment: [], labels: [],
    },
    annotations: [],
    links: [],
    documents: [
      { title: "Manifest", digest: manifest, mediaType: "application/vnd.oci.image.manifest.v1+json", size: 2, text: "{}" },
      { title: "Config", digest: config, mediaType: "application/vnd.oci.image.config.v1+json", size: 2, text: "{}" },
    ],
    flags: [],
    local: "absent",
    ...change,
  };
}
