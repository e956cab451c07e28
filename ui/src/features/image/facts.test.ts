import { describe, expect, it } from "vitest";
import type { PlatformEntry } from "../../ipc/bindings";
import { imageDetail, layer } from "../layers/layer.fixture";
import { commandLine, documentLabel, layersLine, manifestLine, missingBytes, nameParts, runFacts, shortKey, splitPlatforms, whereItIs, whyRaw } from "./facts";
import { pointedAt, pointedTitle } from "./pointing";

describe("nameParts", () => {
  const table: [reference: string, registry: string, path: string, repository: string][] = [
    ["docker.io/library/nginx:1.25", "docker.io", "library/nginx", "nginx"],
    ["127.0.0.1:5055/web:2.0", "127.0.0.1:5055", "web", "web"],
    ["ghcr.io/a/b/c@sha256:00", "ghcr.io", "a/b/c", "c"],
    ["localhost:5000/app:1@sha256:00", "localhost:5000", "app", "app"],
  ];
  it.each(table)("%s", (reference, registry, path, repository) => {
    expect(nameParts(reference)).toEqual({ registry, path, repository, withoutTag: `${registry}/${path}` });
  });
});

describe("whereItIs", () => {
  const reference = "docker.io/library/nginx:1.25";
  const table: [from: "registry" | "store", local: "same" | "older" | "absent", words: string][] = [
    ["store", "same", "On this computer"],
    ["registry", "same", "On this computer and on Docker Hub"],
    ["registry", "older", "On Docker Hub; an older one is on this computer"],
    ["registry", "absent", "On Docker Hub"],
  ];
  it.each(table)("%s, %s", (from, local, words) => expect(whereItIs({ from, local, reference })).toBe(words));
});

describe("splitPlatforms", () => {
  const entry = (platform: string, attestation = false): PlatformEntry => ({
    platform, digest: "", manifestSize: 0, size: null, presentLocally: false, selected: false, attestation,
  });
  it("never offers unknown/unknown", () => {
    const split = splitPlatforms([entry("linux/amd64"), entry("unknown/unknown", true)]);
    expect(split.choices.map((each) => each.platform)).toEqual(["linux/amd64"]);
    expect(split.attestations).toBe(1);
  });
  it("keeps a platform that is attested", () => {
    expect(splitPlatforms([entry("linux/arm64", true)]).choices).toHaveLength(1);
  });
});

describe("lines of the chain", () => {
  it("counts layers in words", () => {
    expect(manifestLine(imageDetail())).toBe("linux/amd64: names one config and two layers, 1.9 kB");
    expect(manifestLine(imageDetail({ layers: [layer(1)] }))).toContain("one layer,");
    expect(manifestLine(imageDetail({ layerCount: 40 }))).toContain("40 layers,");
  });
  it("says what is here", () => {
    expect(layersLine(imageDetail({ transferSize: 99_400_000, presentSize: 71_500_000 }))).toBe("2 layers, 99.4 MB to transfer, 71.5 MB already here");
    expect(layersLine(imageDetail({ transferSize: 5, presentSize: 5 }))).toBe("2 layers, 5 B to transfer, all of it already here");
    expect(layersLine(imageDetail({ transferSize: 5, presentSize: 0 }))).toBe("2 layers, 5 B to transfer");
  });
  it("never misses less than nothing", () => expect(missingBytes({ transferSize: 5, presentSize: 9 })).toBe(0));
});

describe("runFacts", () => {
  const run = { command: [], entrypoint: [], workingDir: null, user: null, ports: [], volumes: [], stopSignal: null, healthcheck: null, environment: [], labels: [] };
  const of = (change: Partial<typeof run> | Record<string, unknown>) => Object.fromEntries(runFacts({ ...run, ...change }).map((fact) => [fact.key, [fact.value, fact.note]]));
  it("says what is the default", () => {
    expect(of({})).toEqual({
      Command: ["", "none: docker run needs one"], Directory: ["/", "default"], User: ["root", "default"], "Stop signal": ["SIGTERM", "default"],
    });
  });
  it("says who is not root", () => {
    expect(of({ user: "node" }).User).toEqual(["node", "not root"]);
    expect(of({ user: "0:0" }).User).toEqual(["0:0", undefined]);
    expect(of({ user: "rooted" }).User).toEqual(["rooted", "not root"]);
  });
});

describe("commandLine", () => {
  it("quotes what a shell would cut", () => {
    expect(commandLine(["sh", "-c", "echo 'a b'", ""])).toBe("sh -c 'echo '\\''a b'\\''' ''");
  });
});

it("keeps the end of a known label", () => {
  expect(shortKey("org.opencontainers.image.source")).toBe("\u2026source");
  expect(shortKey("maintainer")).toBe("maintainer");
});

describe("documents", () => {
  const detail = imageDetail({ index: { digest: "sha256:11", size: 9, mediaType: "x" } });
  it("are named by what they are", () => {
    expect(detail.documents.map((document) => documentLabel(detail, document))).toEqual(["linux/amd64", "Config"]);
    expect(documentLabel(imageDetail(), imageDetail().documents[0] ?? expect.fail())).toBe("Manifest");
  });
  it("schema 1 is explained as such", () => {
    expect(whyRaw("application/vnd.docker.distribution.manifest.v1+prettyjws").title).toContain("before 2015");
    expect(whyRaw("application/vnd.cncf.helm.config.v1+json").title).toContain("not an image");
  });
});

describe("pointedAt", () => {
  const detail = imageDetail();
  it("knows a layer by its digest and by its diff ID", () => {
    expect(pointedTitle(pointedAt(detail, detail.layers[1]?.digest ?? ""))).toBe("Layer 2");
    expect(pointedTitle(pointedAt(detail, detail.layers[1]?.diffId ?? ""))).toBe("Layer 2, unpacked");
  });
  it("knows the documents", () => {
    expect(pointedTitle(pointedAt(detail, detail.config?.digest ?? ""))).toBe("Config");
    expect(pointedTitle(pointedAt(detail, detail.manifest?.digest ?? ""))).toBe("Manifest");
  });
  it("does not guess", () => expect(pointedAt(detail, "sha256:ff").kind).toBe("elsewhere"));
});
