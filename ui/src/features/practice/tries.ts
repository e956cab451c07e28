// Four things to try, made from what the practice registry really holds.

import type { PracticeImage, PracticeShelf } from "../../ipc/bindings";
import { inWords } from "../../lib/format";

export type Try = {
  kind: "wire" | "pull" | "platforms" | "layers";
  reference: string;
  /** The sentence around the image's name. */
  before: string;
  name: string;
  after: string;
  topic: string;
  done: boolean;
};

export function thingsToTry(shelf: PracticeShelf): Try[] {
  const find = (name: string) => shelf.images.find(({ repository, tag }) => `${repository}:${tag}` === name);
  const first = find("web:2.0");
  const second = find("web:2.1");
  const multi = shelf.images.find(({ platforms }) => platforms.length > 1);
  const files = find("files:1.0");
  const tries: Try[] = [];
  if (first) tries.push({ kind: "wire", ...about(first), before: "Pull ", after: " and watch the requests it makes", topic: "Pull flow" });
  if (first && second) {
    const shared = second.layers.filter(({ digest }) => first.layers.some((layer) => layer.digest === digest)).length;
    tries.push({ kind: "pull", ...about(second), before: "Pull ", after: `: ${inWords(shared)} of ${inWords(second.layers.length)} layers are skipped`, topic: "Shared layers" });
  }
  if (multi) tries.push({ kind: "platforms", ...about(multi), before: "Pull ", after: ` for all ${inWords(multi.platforms.length)} platforms`, topic: "Indexes" });
  if (files) tries.push({ kind: "layers", ...about(files), before: "See how ", after: " changes one file and deletes another", topic: "Layers", done: false });
  return tries;
}

function about(image: PracticeImage): Pick<Try, "reference" | "name" | "done"> {
  return { reference: image.reference, name: `${image.repository}:${image.tag}`, done: image.local };
}
