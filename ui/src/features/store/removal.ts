/** What goes when names are removed from this computer. */
import type { ImageDetail, LocalImage } from "../../ipc/bindings";

export type Removal = {
  names: string[];
  /** other names here for the same image: while one stays, its bytes stay */
  staying: string[];
  /** bytes of layers that only these images have */
  freed: number;
  /** bytes of layers that other images have too */
  kept: number;
};

export function removalOf(images: readonly LocalImage[], references: readonly string[], details: readonly ImageDetail[]): Removal {
  const going = new Set(references);
  const targets = images.filter((image) => image.reference !== null && going.has(image.reference));
  const digests = new Set(targets.map((image) => image.digest));
  const staying = images.filter((image) => digests.has(image.digest) && image.reference !== null && !going.has(image.reference)).map((image) => image.familiar);
  const goingNames = new Set(targets.map((image) => image.familiar));
  const seen = new Set<string>();
  let freed = 0;
  let kept = 0;
  for (const layer of details.flatMap((detail) => detail.layers)) {
    if (layer.digest === null || seen.has(layer.digest) || !layer.presentLocally) continue;
    seen.add(layer.digest);
    if (staying.length > 0 || layer.alsoIn.some((name) => !goingNames.has(name))) kept += layer.size;
    else freed += layer.size;
  }
  return { names: targets.map((image) => image.familiar), staying, freed, kept };
}
