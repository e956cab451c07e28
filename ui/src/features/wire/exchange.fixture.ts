import type { ExchangeHead } from "../../ipc/bindings";

/** An ended 200 of a manifest, changed as a test asks. */
export function exchange(change: Partial<ExchangeHead> & { id: number }): ExchangeHead {
  return {
    job: null,
    method: "GET",
    host: "registry-1.docker.io",
    path: "/v2/library/nginx/manifests/1.25",
    role: "registry",
    status: 200,
    elapsed: 84,
    received: 7_900,
    expected: 7_900,
    live: false,
    summary: "index, 9 platforms",
    failed: false,
    ...change,
  };
}

export const blobPath = (fill: string) => `/v2/library/nginx/blobs/sha256:${fill.repeat(32)}`;

/** A pull of one config and `layers` layers, each redirected to another host. */
export function pullOf(layers: number): ExchangeHead[] {
  const heads = [
    exchange({ id: 1, status: 401, summary: "where to get a token" }),
    exchange({ id: 2, role: "auth", host: "auth.docker.io", path: "/token?service=registry.docker.io", summary: "" }),
    exchange({ id: 3 }),
    exchange({ id: 4, path: `/v2/library/nginx/manifests/sha256:${"a4".repeat(32)}`, summary: "amd64 manifest" }),
    exchange({ id: 5, path: blobPath("0c"), summary: "config, 7.2 kB" }),
  ];
  for (let layer = 0; layer < layers; layer += 1) {
    const path = blobPath((0x8b - layer).toString(16));
    heads.push(exchange({ id: heads.length + 1, path, status: 307, summary: "go to the CDN" }));
    heads.push(exchange({ id: heads.length + 1, path, role: "cdn", host: "production.cloudflare.docker.com", summary: "41.4 MB" }));
  }
  return heads;
}
