// What did not happen, by what was being done: the words that differ between a pull, a push and a look.

import type { Fault, FaultCode } from "../ipc/bindings";
import type { Advice } from "./faults";

/** What was being done when it failed. `read` is for lists and pages of Longshore's own. */
export type Doing = "pull" | "push" | "copy" | "load" | "import" | "save" | "export" | "tag" | "delete" | "list" | "compare" | "inspect" | "sign-in" | "add" | "read" | "open";

const BADGES: Record<Doing, string> = {
  pull: "Nothing was pulled",
  push: "Nothing was pushed",
  copy: "Nothing was copied",
  load: "Nothing was loaded",
  import: "Nothing was imported",
  save: "Nothing was saved",
  export: "Nothing was exported",
  tag: "Nothing was tagged",
  delete: "Nothing was deleted",
  list: "Nothing to list",
  compare: "Nothing to compare",
  inspect: "Nothing to show",
  "sign-in": "Not signed in",
  add: "Not added",
  read: "Not available",
  open: "Could not be opened",
};

/** The words on the badge: which part of the work did not happen. */
export function badge(doing: Doing, fault: Fault): string {
  if (fault.code === "cancelled") return "Stopped";
  if (fault.side === "sink" && (doing === "pull" || doing === "load" || doing === "import")) return "Not kept on this computer";
  if (fault.side === "source" && (doing === "push" || doing === "copy")) return `${BADGES[doing]}: the source could not be read`;
  return BADGES[doing];
}

type Words = Partial<Pick<Advice, "title" | "about">>;

/** A push says something else than a pull in these cases; everything else is said alike. */
const PUSH: Partial<Record<FaultCode, Words>> = {
  auth_required: {
    title: ({ registry, path }) => `${registry} takes a push to \`${path}\` only from an account`,
    about: "Pulling may be open to all; writing never is here. Nothing was sent but the question.",
  },
  auth_refused: {
    title: ({ registry, path }) => `${registry} does not let this account push to \`${path}\``,
    about: "The account may be wrong, may have no right to write there, or its token was made for reading alone.",
  },
  not_found: {
    title: ({ registry, path }) => `${registry} has no repository \`${path}\` to push to`,
    about: "Most registries make a repository with the first push. This one wants it made before.",
  },
  registry_refused: {
    title: ({ registry, path }) => `${registry} refuses the push to \`${path}\``,
    about: "The answer says that trying again will not help. What was uploaded is not visible to anyone.",
  },
  connection_lost: { about: "What the registry has taken before stays there. Trying again sends only the rest." },
  timeout: { about: "The connection stood, but nothing moved for too long. What the registry has taken stays there." },
  registry_failed: { about: "It was asked several times, with a pause between. What it has taken stays there." },
  cancelled: { about: "Whole layers that the registry has are not sent again." },
};

const DELETE: Partial<Record<FaultCode, Words>> = {
  auth_required: {
    title: ({ registry, path }) => `${registry} lets only an account delete in \`${path}\``,
    about: "Deleting needs a right of its own, beyond pulling and pushing.",
  },
  auth_refused: {
    title: ({ registry, path }) => `${registry} does not let this account delete in \`${path}\``,
    about: "Deleting needs a right of its own, beyond pulling and pushing.",
  },
  registry_refused: {
    title: ({ registry }) => `${registry} does not delete`,
    about: "Many registries have deleting switched off. Its own pages or its operator may be able to.",
  },
};

const LIST: Partial<Record<FaultCode, Words>> = {
  not_found: { title: ({ registry, path }) => `${registry || "The registry"} has no \`${path}\``, about: "The registry answered, and it does not know this repository." },
};

/** The advice for a fault, in the words of what was being done; `docker` is what Docker prints, which is nothing for what it can't do. */
export function wordsFor(doing: Doing, { code, docker }: Fault, advice: Advice): Pick<Advice, "title" | "about" | "docker"> {
  const own = { push: PUSH[code], copy: PUSH[code], load: null, import: null, save: null, export: null, delete: DELETE[code], list: LIST[code], pull: null, tag: null, compare: null, inspect: null, "sign-in": null, add: null, read: null, open: null }[doing];
  const words = { title: advice.title, about: advice.about, ...own };
  const can = doing === "pull" || doing === "push" || doing === "inspect";
  return {
    title: doing === "read" || doing === "open" ? null : words.title,
    about: words.about,
    docker: !can ? null : docker === null ? advice.docker : () => docker,
  };
}
