/** What the sheets of archives say. Pure. */
import type { ArchiveImage, ArchiveName, ArchiveView, GivenFile } from "../../ipc/bindings";
import { bytes, count, elapsed, plural, shortDigest } from "../../lib/format";
import { commandLine, quoted } from "../../lib/shell";
import { holdsImages, obstacle, type Chosen } from "./choice";

/** `148 MB compressed with zstd, 412 MB inside, read in 0.9 s` */
export function leadLine(view: ArchiveView): string {
  const folder = view.kind === "layout";
  const parts = [`${bytes(view.size)}${view.compression === null ? (folder ? " in a folder" : view.kind === "foreign" ? "" : ", not compressed") : ` compressed with ${view.compression}`}`];
  if (view.compression !== null && view.unpacked !== null) parts.push(`${bytes(view.unpacked)} inside`);
  if (view.filesystem !== null) parts.push(plural(view.filesystem.files, "file"));
  parts.push(`${view.whole ? "read" : "looked into"} in ${elapsed(view.elapsed)}`);
  return parts.join(", ");
}

/** While it is read: where it lies, and how large it is. */
export const waitLine = (file: GivenFile): string => `${file.folder ? "A folder" : file.size === null ? "A file" : bytes(file.size)} in ${file.place}`;

export type StateLine = { text: string; tone: "quiet" | "warn" | "bad" };

const tag = (name: ArchiveName): string => (name.breakdown?.tag == null ? name.name : `:${name.breakdown.tag}`);

/** The line below the names of an image: what loading it would do to them here. */
export function stateLine(image: ArchiveImage, chosen: boolean): StateLine {
  const reason = obstacle(image);
  if (reason !== null) return { text: `${reason}: ${image.missing.slice(0, 2).join(", ")}${image.missing.length > 2 ? ` and ${image.missing.length - 2} more` : ""}`, tone: "bad" };
  const of = (state: ArchiveName["state"]) => image.names.filter((name) => name.state === state);
  const [moves, fresh, same, invalid] = [of("moves"), of("new"), of("same"), of("invalid")];
  const [first] = moves;
  if (first && (chosen || fresh.length + same.length > 0)) {
    if (moves.length > 1) return { text: `moves ${moves.map(tag).join(", ")} to this image`, tone: "warn" };
    return { text: `moves ${tag(first)} from ${first.previous === null ? "another image" : shortDigest(first.previous, 8)} to this image`, tone: "warn" };
  }
  if (first) return { text: `same ${moves.length > 1 ? "tags here point" : "tag here points"} to another image`, tone: "quiet" };
  const left = invalid.length === 0 ? "" : `, ${invalid.length === 1 ? "a name that is no reference is" : `${count(invalid.length)} names that are no references are`} left out`;
  if (fresh.length > 0) return { text: `${fresh.length === 1 ? "new tag" : `${count(fresh.length)} new tags`}${left}`, tone: "quiet" };
  if (same.length > 0) return { text: `here already, under the same ${same.length === 1 ? "tag" : "tags"}${left}`, tone: "quiet" };
  return { text: invalid.length > 0 ? `the name that is written there is no reference: known by its digest alone` : "no name: known by its digest alone", tone: "quiet" };
}

/** `amd64 and arm64`, `amd64, arm64 and 7 more`; the operating system only where it is not Linux. */
export function platformsLine(platforms: readonly string[]): string {
  const words = platforms.map((platform) => platform.replace(/^linux\//, ""));
  if (words.length <= 2) return words.join(" and ");
  return `${words.slice(0, 2).join(", ")} and ${words.length - 2} more`;
}

/** `3 images, 4 tags` */
export function imagesLine(images: readonly ArchiveImage[]): string {
  const names = images.reduce((sum, image) => sum + image.names.length, 0);
  return `${plural(images.length, "image")}, ${names === 0 ? "no tag" : plural(names, "tag")}`;
}

/** The line that does the same in a terminal: Docker's, or Longshore's own where Docker takes no choice. */
export function loadCommand(view: ArchiveView, chosen: Chosen, destination: string | null, replace: boolean): string {
  const some = chosen.size < view.images.length;
  const names = some ? view.images.filter(({ index }) => chosen.has(index)).map((image) => image.names[0]?.name ?? image.digest) : [];
  if (destination !== null) return commandLine(["longshore", "load", "-i", view.name, "--to", destination, ...names]);
  if (some || replace || view.kind === "layout") return commandLine(["longshore", "load", "-i", view.name, ...(replace ? ["--replace"] : []), ...names]);
  return view.command;
}

export type ImportWords = { name: string; platform: string | null; changes: readonly string[]; message: string };

/** `docker import --change 'CMD ["/bin/sh"]' container-fs.tar myimage:imported` */
export function importCommand(file: string, { name, platform, changes, message }: ImportWords): string {
  const words = ["docker", "import"];
  for (const change of changes) words.push("--change", change);
  if (message.trim() !== "") words.push("--message", message.trim());
  if (platform !== null) words.push("--platform", platform);
  return `${commandLine(words)} ${quoted(file)}${name.trim() === "" ? "" : ` ${quoted(name.trim())}`}`;
}

/** The title of the sheet, spoken. */
export const sheetTitle = (file: Pick<GivenFile, "name">, view: ArchiveView | null): string => (view === null ? `Open ${file.name}` : holdsImages(view) ? `Load ${file.name}` : view.filesystem ? `Import ${file.name}` : file.name);
