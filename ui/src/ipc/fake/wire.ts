// Make-believe exchanges, in the order in which a pull makes them.

import type { ExchangeDetail, ExchangeHead } from "../bindings";

export class FakeWire {
  readonly heads: ExchangeHead[] = [];
  readonly #watchers = new Set<(heads: ExchangeHead[]) => void>();

  watch(onExchanges: (heads: ExchangeHead[]) => void): void {
    this.#watchers.add(onExchanges);
    if (this.heads.length > 0) onExchanges([...this.heads]);
  }

  add(part: Partial<ExchangeHead> & Pick<ExchangeHead, "path" | "summary">): ExchangeHead {
    const head: ExchangeHead = {
      id: this.heads.length + 1,
      job: null,
      method: "GET",
      host: "127.0.0.1:5055",
      role: "registry",
      status: 200,
      elapsed: 3 + (this.heads.length % 5) * 4,
      received: 812,
      expected: 812,
      live: false,
      failed: false,
      ...part,
    };
    this.heads.push(head);
    this.tell(head);
    return head;
  }

  change(head: ExchangeHead, part: Partial<ExchangeHead>): void {
    Object.assign(head, part);
    this.tell(head);
  }

  tell(head: ExchangeHead): void {
    for (const watcher of this.#watchers) watcher([{ ...head }]);
  }

  read(id: number): ExchangeDetail | null {
    const head = this.heads.find((known) => known.id === id);
    if (!head) return null;
    const failed = head.status === null || head.status >= 400;
    return {
      head,
      explanation: failed
        ? "The registry refuses without looking the name up, which is why 401 here can also mean “not found”."
        : "The registry answers with the document that the tag points to. Its digest is checked against the bytes.",
      requestHeaders: [
        { name: "accept", value: "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json", scheme: null },
        { name: "authorization", value: null, scheme: "Bearer" },
        { name: "user-agent", value: "longshore/0.1.0", scheme: null },
      ],
      responseHeaders: [
        { name: "content-type", value: "application/vnd.oci.image.manifest.v1+json", scheme: null },
        { name: "docker-content-digest", value: "sha256:32fdf92db4e1c7e0", scheme: null },
      ],
      body: failed
        ? JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "authentication required", detail: [{ Type: "repository", Name: "library/ngnix", Action: "pull" }] }] }, null, 2)
        : JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json" }, null, 2),
      timing: [
        { key: "Connect", value: "0.4 ms" },
        { key: "First byte", value: `${head.elapsed} ms` },
      ],
    };
  }
}
