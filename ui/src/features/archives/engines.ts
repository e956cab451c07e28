/** Docker and Podman: what their images are called, and the lines that do the same. Pure. */
import type { DaemonImage, DaemonView } from "../../ipc/bindings";
import { shortDigest } from "../../lib/format";
import { commandLine } from "../../lib/shell";

/** `docker`, `podman` */
export const engineCommand = (name: string): string => (/podman/i.test(name) ? "podman" : "docker");

/** What an image is taken by: its first name, or its id. */
export const takenBy = (image: DaemonImage): string => image.names[0] ?? image.id;
export const calledOf = (image: DaemonImage): string => image.names[0] ?? shortDigest(image.id);

export const listCommand = (engine: DaemonView): string => `${engineCommand(engine.name)} image ls`;
export const takeCommand = (engine: DaemonView, image: DaemonImage): string => `${engineCommand(engine.name)} save ${commandLine([takenBy(image)])} | longshore load -i -`;

/** Every word must occur. */
export function filtered(images: readonly DaemonImage[], words: string): DaemonImage[] {
  const parts = words.toLowerCase().split(/\s+/).filter((part) => part !== "");
  return images.filter(({ names, id }) => parts.every((part) => `${names.join(" ")} ${id}`.toLowerCase().includes(part)));
}
