/** What a digest inside a document stands for. */
import type { ImageDetail, LayerDetail, PlatformEntry } from "../../ipc/bindings";

export type Pointed =
  | { kind: "document"; word: string; digest: string }
  | { kind: "platform"; entry: PlatformEntry; digest: string }
  | { kind: "layer"; layer: LayerDetail; index: number; digest: string; unpacked: boolean }
  | { kind: "elsewhere"; digest: string };

export function pointedAt(detail: ImageDetail, digest: string): Pointed {
  if (digest === detail.index?.digest) return { kind: "document", word: "Index", digest };
  if (digest === detail.manifest?.digest) return { kind: "document", word: detail.index === null ? "Manifest" : `Manifest, ${detail.manifest.platform}`, digest };
  if (digest === detail.config?.digest) return { kind: "document", word: "Config", digest };
  const entry = detail.platforms.find((platform) => platform.digest === digest);
  if (entry) return { kind: "platform", entry, digest };
  const document = detail.documents.find((each) => each.digest === digest);
  if (document) return { kind: "document", word: digest === detail.digest ? "Manifest" : document.title, digest };
  const index = detail.layers.findIndex((layer) => layer.digest === digest || layer.diffId === digest);
  const layer = detail.layers[index];
  if (layer) return { kind: "layer", layer, index, digest, unpacked: layer.digest !== digest };
  return { kind: "elsewhere", digest };
}

/** The heading of the panel that explains a digest. */
export function pointedTitle(pointed: Pointed): string {
  switch (pointed.kind) {
    case "document":
      return pointed.word;
    case "platform":
      return pointed.entry.attestation ? "Attestation" : `Manifest, ${pointed.entry.platform}`;
    case "layer":
      return pointed.unpacked ? `Layer ${pointed.layer.number ?? ""}, unpacked` : `Layer ${pointed.layer.number ?? ""}`;
    case "elsewhere":
      return "Another object";
  }
}
