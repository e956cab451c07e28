/** What a transfer is called, by what it does. A pull, a load and an import bring bytes here; the others bring them there. */
import type { JobHead, RowState, Verb } from "../../ipc/bindings";
import type { IconName } from "../../design/icons";

export type VerbWords = {
  /** `Pulling nginx:1.25` */
  doing: string;
  done: string;
  /** the button that starts it anew */
  again: string;
  icon: IconName;
  /** of the figure: `12.3 MB arrived` */
  moved: string;
  /** of the skipped bytes */
  skipped: string;
  /** of the bar */
  bar: string;
  /** above what a terminal would print */
  printed: string;
  /** of that block, spoken */
  output: string;
  /** what the terminal prints last, until it is known */
  pending: string;
  /** below a transfer that was stopped */
  stopped: string;
  /** while the root is looked up */
  resolving: string;
  /** what waits in its rows */
  reading: string;
};

export const WORDS: Record<Verb, VerbWords> = {
  pull: {
    doing: "Pulling", done: "Pulled", again: "Pull again", icon: "pull", moved: "arrived", skipped: "already here, skipped", bar: "Bytes on this computer",
    printed: "As the Docker client prints it", output: "Output of docker pull", pending: "Digest and status follow when every layer is checked",
    stopped: "Nothing was changed. The bytes that had arrived are kept, so pulling again goes on from where this stopped.",
    resolving: "Asking the registry what the name points to", reading: "Reading which layers there are",
  },
  push: {
    doing: "Pushing", done: "Pushed", again: "Push again", icon: "push", moved: "sent", skipped: "there already, skipped", bar: "Bytes at the registry",
    printed: "As the Docker client prints it", output: "Output of docker push", pending: "The tag and its digest follow when every layer is there",
    stopped: "The tag was not written, so nothing changed for those who pull. Whole layers that arrived stay at the registry, and pushing again does not send them twice.",
    resolving: "Asking the registry what it has", reading: "Reading which layers there are",
  },
  copy: {
    doing: "Copying", done: "Copied", again: "Copy again", icon: "copy-plus", moved: "copied", skipped: "there already, skipped", bar: "Bytes at the destination",
    printed: "As skopeo prints it", output: "Output of skopeo copy", pending: "The manifest follows when every layer is there",
    stopped: "The tag was not written, so nothing changed for those who pull. Whole layers that arrived stay at the registry, and copying again does not send them twice.",
    resolving: "Asking both registries what they have", reading: "Reading which layers there are",
  },
  load: {
    doing: "Loading", done: "Loaded", again: "Load again", icon: "archive", moved: "loaded", skipped: "already there, skipped", bar: "Bytes read from the archive",
    printed: "As the Docker client prints it", output: "Output of docker load", pending: "The names follow when every layer is checked",
    stopped: "No name was given, so nothing changed. Whole layers that were read are kept, and loading again skips them.",
    resolving: "Reading what is in the archive", reading: "Reading which layers there are",
  },
  import: {
    doing: "Importing", done: "Imported", again: "Import again", icon: "archive", moved: "read", skipped: "already here, skipped", bar: "Bytes read from the file",
    printed: "As the Docker client prints it", output: "Output of docker import", pending: "The digest follows when the whole file is read",
    stopped: "No image was made, and nothing changed.",
    resolving: "Reading the file", reading: "Reading the file",
  },
  save: {
    doing: "Saving", done: "Saved", again: "Save again", icon: "download", moved: "written", skipped: "there already, skipped", bar: "Bytes in the archive",
    printed: "As skopeo prints it", output: "Output of skopeo copy", pending: "The file appears when all of it is written",
    stopped: "No file was written. A file that had this name before is as it was.",
    resolving: "Reading what the name points to", reading: "Reading which layers there are",
  },
  export: {
    doing: "Exporting", done: "Exported", again: "Export again", icon: "download", moved: "read", skipped: "skipped", bar: "Bytes of layers read",
    printed: "As Longshore prints it", output: "Output of longshore export", pending: "The file appears when all of it is written",
    stopped: "No file was written. A file that had this name before is as it was.",
    resolving: "Reading what the name points to", reading: "Reading which layers there are",
  },
};

/** Docker's words for the states of a row; a note of the row stands instead of one that is null. */
export const ROW_WORDS: Record<Verb, Record<RowState, string>> = {
  pull: {
    preparing: "Preparing", waiting: "Waiting", exists: "Already exists", mounted: "Already exists", moving: "Downloading", retrying: "Retrying",
    verifying: "Verifying digest", complete: "Pull complete", paused: "Paused", failed: "Digest does not match",
  },
  push: {
    preparing: "Preparing", waiting: "Waiting", exists: "Layer already exists", mounted: "Mounted", moving: "Pushing", retrying: "Retrying",
    verifying: "Waiting for the registry", complete: "Pushed", paused: "Paused", failed: "Not pushed",
  },
  copy: {
    preparing: "Preparing", waiting: "Waiting", exists: "Layer already exists", mounted: "Mounted", moving: "Copying", retrying: "Retrying",
    verifying: "Waiting for the registry", complete: "Copied", paused: "Paused", failed: "Not copied",
  },
  load: {
    preparing: "Preparing", waiting: "Waiting", exists: "Already exists", mounted: "Mounted", moving: "Loading layer", retrying: "Retrying",
    verifying: "Verifying digest", complete: "Loaded", paused: "Paused", failed: "Digest does not match",
  },
  import: {
    preparing: "Preparing", waiting: "Waiting", exists: "Already exists", mounted: "Already exists", moving: "Importing", retrying: "Retrying",
    verifying: "Verifying digest", complete: "Imported", paused: "Paused", failed: "Not imported",
  },
  save: {
    preparing: "Preparing", waiting: "Waiting", exists: "Already in the archive", mounted: "Already in the archive", moving: "Writing", retrying: "Retrying",
    verifying: "Verifying digest", complete: "Saved", paused: "Paused", failed: "Not saved",
  },
  export: {
    preparing: "Preparing", waiting: "Waiting", exists: "Already read", mounted: "Already read", moving: "Reading", retrying: "Retrying",
    verifying: "Verifying digest", complete: "Exported", paused: "Paused", failed: "Not exported",
  },
};

/** The verbs that bring bytes to this computer. */
const INBOUND: ReadonlySet<Verb> = new Set<Verb>(["pull", "load", "import"]);

/** Whether a transfer brings bytes to this computer; else it takes them elsewhere. */
export const inbound = (verb: Verb): boolean => INBOUND.has(verb);

/** Whether the outcome is a file. */
export const writesFile = (verb: Verb): boolean => verb === "save" || verb === "export";

/** Whether a save went to Docker or Podman instead of a file. */
export const isGiven = ({ verb, engine }: Pick<JobHead, "verb" | "engine">): boolean => verb === "save" && engine !== null;

/** The second line of a transfer: what exactly, and from where. */
export function placeLine({ verb, reference, source, platform }: Pick<JobHead, "verb" | "reference" | "source" | "platform">): string {
  const what = source === null || source === reference ? reference : verb === "push" ? `${source} on this computer, to ${reference}` : `${source} to ${reference}`;
  return platform === null ? what : `${what} for ${platform}`;
}
