// Two make-believe images side by side.

import type { ComparedField, ComparedImage, ComparedLayer, CompareSide, Comparison, ImageDetail } from "../bindings";

type Look = (side: CompareSide) => ImageDetail;

export function compareImages(a: CompareSide, b: CompareSide, look: Look): Comparison {
  const [one, two] = [look(a), look(b)];
  const layersOf = (detail: ImageDetail) => detail.layers.filter(({ digest }) => digest !== null);
  const layers: ComparedLayer[] = [];
  for (const layer of layersOf(one)) {
    const twin = layersOf(two).find(({ digest }) => digest === layer.digest);
    layers.push({ digest: layer.digest ?? "", size: layer.size, instruction: `${layer.instruction} ${layer.arguments}`, side: twin ? "both" : "a", numberA: layer.number, numberB: twin?.number ?? null });
  }
  for (const layer of layersOf(two)) {
    if (layers.some(({ digest }) => digest === layer.digest)) continue;
    layers.push({ digest: layer.digest ?? "", size: layer.size, instruction: `${layer.instruction} ${layer.arguments}`, side: "b", numberA: null, numberB: layer.number });
  }
  const bytes = (side: ComparedLayer["side"]) => layers.filter((layer) => layer.side === side).reduce((sum, { size }) => sum + size, 0);
  return {
    a: headOf(one),
    b: headOf(two),
    same: one.manifest?.digest === two.manifest?.digest,
    layers,
    sharedBytes: bytes("both"),
    onlyABytes: bytes("a"),
    onlyBBytes: bytes("b"),
    config: configOf(one, two),
    platforms: platformsOf(one, two),
  };
}

function headOf(detail: ImageDetail): ComparedImage {
  return {
    title: detail.familiar,
    reference: detail.reference,
    from: detail.from,
    platform: detail.manifest?.platform ?? "",
    digest: detail.manifest?.digest ?? detail.digest,
    size: detail.transferSize,
    layers: detail.layerCount,
    created: detail.created,
  };
}

function configOf(one: ImageDetail, two: ImageDetail): ComparedField[] {
  const last = (detail: ImageDetail) => detail.layers.filter(({ number }) => number !== null).at(-1)?.arguments ?? "";
  const common: ComparedField[] = (one.run?.environment ?? []).map(({ key, value }) => ({ group: "Environment", name: key, a: value, b: value }));
  return [
    { group: "Runs", name: "Command", a: one.run?.command.join(" ") ?? null, b: two.run?.command.join(" ") ?? null },
    { group: "Runs", name: "User", a: one.run?.user ?? null, b: two.run?.user ?? null },
    { group: "Runs", name: "Platform", a: one.manifest?.platform ?? null, b: two.manifest?.platform ?? null },
    ...common,
    { group: "Environment", name: "APP_VERSION", a: one.tag, b: two.tag },
    { group: "Labels", name: "org.opencontainers.image.title", a: "practice", b: "practice" },
    { group: "Labels", name: "org.opencontainers.image.description", a: null, b: last(two) === last(one) ? null : `made by ${last(two)}` },
  ];
}

function platformsOf(one: ImageDetail, two: ImageDetail): ComparedField[] {
  if (one.index === null && two.index === null) return [];
  const names = [...new Set([...one.platforms, ...two.platforms].map(({ platform }) => platform))];
  const digest = (detail: ImageDetail, name: string) => detail.platforms.find(({ platform }) => platform === name)?.digest ?? null;
  return names.map((name) => ({ group: "Platforms", name, a: digest(one, name), b: digest(two, name) }));
}
