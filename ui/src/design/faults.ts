// What is said about each fault: a total table, so that a new code in Rust fails the type check here.
// Rust's own message stands below it; this is the part that a person can act on.

import type { Fault, FaultCode } from "../ipc/bindings";
import type { IconName } from "./icons";

export type FaultContext = {
  fault: Fault;
  /** What was asked for, as it was typed. */
  subject: string;
  /** `Docker Hub`, or the host; empty where the subject names none. */
  registry: string;
  host: string;
  /** Namespace and repository. */
  path: string;
  platform: string;
};

/** What one row offers. The view knows how to do each; `none` is only to be read. */
export type Remedy =
  | { do: "retry" | "settings" | "platforms" | "wire" | "home" | "images" | "free-space" | "none" }
  /** Puts a reference into the bar: the one that failed, or a better one. */
  | { do: "edit"; reference?: string }
  | { do: "pull" | "inspect"; reference: string; platform?: string }
  /** Done for a host, and then tried again. */
  | { do: "sign-in" | "plain-http" | "certificate"; host: string }
  /** Where the account of a host comes from; what is set for it. */
  | { do: "trail" | "host"; host: string }
  | { do: "trust-realm"; realm: string }
  | { do: "copy"; text: string }
  | { do: "wait"; seconds: number };

export type Cause = { icon: IconName; question: string; detail: string; action: string; remedy: Remedy };

export type Advice = {
  /** A sentence that says what is known; values in backticks. Null: Rust's message is the sentence. */
  title: ((context: FaultContext) => string) | null;
  about: string;
  causes: (context: FaultContext) => Cause[];
  /** What `docker pull` would print where the engine does not say it; null where it has nothing of the kind. */
  docker: ((context: FaultContext) => string) | null;
};

const daemon = (text: string) => `Error response from daemon: ${text}`;

const edit = (question: string, detail: string): Cause => ({ icon: "pencil", question, detail, action: "Edit reference", remedy: { do: "edit" } });
const retry = (question: string, detail: string): Cause => ({ icon: "retry", question, detail, action: "Try again", remedy: { do: "retry" } });
const wire = (question: string, detail: string): Cause => ({ icon: "activity", question, detail, action: "Show exchange", remedy: { do: "wire" } });
const settings = (question: string, detail: string): Cause => ({ icon: "settings", question, detail, action: "Open Settings", remedy: { do: "settings" } });
const signIn = (question: string, detail: string, { host }: FaultContext, action = "Sign in…"): Cause => ({ icon: "key", question, detail, action, remedy: { do: "sign-in", host } });
const trail = (question: string, detail: string, { host }: FaultContext): Cause => ({ icon: "key", question, detail, action: "Show where", remedy: { do: "trail", host } });
const practice: Cause = { icon: "anchor", question: "Want to go on without a network?", detail: "The practice registry runs on this computer", action: "Open practice registry", remedy: { do: "home" } };
const free: Cause = { icon: "trash", question: "Is there something that no image needs?", detail: "It is counted before anything goes", action: "Free space…", remedy: { do: "free-space" } };
const here: Cause = { icon: "layers", question: "Is it here already?", detail: "Images on this computer open without a registry", action: "Show images", remedy: { do: "images" } };
const otherRegistry = ({ path }: FaultContext): Cause => edit("Is it on another registry?", `Put the host in front: \`ghcr.io/owner/${path.split("/").at(-1) ?? "image"}\``);

const credentials = (about: string): Advice => ({
  title: null,
  about,
  causes: (context) => [
    trail("Which place is asked?", "Every place is listed in order, with what it said", context),
    signIn("Do you want to sign in without it?", "Another place can be chosen, also for this session only", context),
    retry("Was it changed just now?", "The file is read again at every try"),
  ],
  docker: null,
});

const protocol = (about: string): Advice => ({
  title: null,
  about,
  causes: (context) => [wire("What did it answer?", "The exchange shows status, headers and the start of the body"), edit("Is this the right host?", `\`${context.host}\` answers, but not as a registry does`)],
  docker: null,
});

const store = (about: string, printed: string, room = false): Advice => ({
  title: null,
  about,
  causes: () => [...(room ? [free] : []), settings("Where is the store?", "Settings shows the folder that images are kept in"), retry("Is it back?", "Whole layers that arrived are kept, and are not fetched again")],
  docker: () => daemon(printed),
});

export const ADVICE: Record<FaultCode, Advice> = {
  reference_invalid: {
    title: ({ subject }) => `\`${subject}\` is not a reference`,
    about: "A reference is a name, with an optional host before it and an optional tag or digest behind. Names are lower case.",
    causes: () => [edit("Is there a letter too many?", "The bar underlines the place")],
    docker: ({ subject }) => (/[A-Z]/.test(subject) ? `invalid reference format: repository name (${subject}) must be lowercase` : "invalid reference format"),
  },
  digest_invalid: {
    title: null,
    about: "A digest is the name of a hash, a colon and its hex digits: sha256 has 64, sha512 has 128.",
    causes: () => [edit("Was it cut when it was copied?", "The whole digest is needed; twelve digits are only for the eye")],
    docker: () => "invalid reference format",
  },
  platform_invalid: {
    title: null,
    about: "A platform is an operating system and an architecture, as in `linux/arm64`, with an optional variant.",
    causes: () => [{ icon: "chip", question: "Which platform is meant?", detail: "The usual ones are in the list", action: "Choose platform", remedy: { do: "platforms" } }],
    docker: null,
  },
  unreachable: {
    title: ({ registry }) => `${registry} can't be reached`,
    about: "No connection came about. Images on this computer and the practice registry still work.",
    causes: (context) => [retry("Is the network back?", "The same request is sent again"), edit("Is the host spelled right?", `\`${context.host}\``), here, practice],
    docker: null,
  },
  connection_lost: {
    title: ({ registry }) => `${registry} closed the connection`,
    about: "What arrived before is kept. Trying again asks only for the rest.",
    causes: () => [retry("Was it a short break?", "The download goes on where it stopped"), wire("Where did it break?", "The exchange shows how many bytes came")],
    docker: null,
  },
  timeout: {
    title: ({ registry }) => `${registry} stopped answering`,
    about: "The connection stood, but no byte came for too long. What arrived before is kept.",
    causes: () => [retry("Is it busy?", "The download goes on where it stopped"), wire("Which request hangs?", "The exchange shows when the last byte came")],
    docker: null,
  },
  tls_failed: {
    title: ({ registry }) => `The certificate of ${registry} was not accepted`,
    about: "The connection is not private as it stands, so nothing was sent over it and there is no falling back to plain HTTP.",
    causes: (context) => [
      edit("Is the host the one on the certificate?", `\`${context.host}\``),
      { icon: "shield-check", question: "Is it a certificate of your own?", detail: "Look at it first; its fingerprint is what tells it apart", action: "Show certificate…", remedy: { do: "certificate", host: context.host } },
      retry("Was the clock of this computer wrong?", "A certificate is valid between two dates"),
    ],
    docker: null,
  },
  not_a_registry: {
    title: ({ host }) => `\`${host}\` answers, but it is not a registry`,
    about: "A registry answers at `/v2/`. A web page here often comes from a sign-in page of the network in between.",
    causes: (context) => [edit("Is this the registry's host?", `\`${context.host}\``), retry("Does the network ask you to sign in?", "Open any web page first, then try again"), wire("What did it answer?", "The exchange shows the start of the page")],
    docker: () => daemon("error parsing HTTP 404 response body: invalid character '<' looking for beginning of value"),
  },
  plain_http_refused: {
    title: ({ host }) => `\`${host}\` would be asked over plain HTTP`,
    about: "Anyone on the way could read and change what is sent, so it is done only for this computer and for hosts that you name.",
    causes: (context) => [
      { icon: "unlock", question: "Do you trust the way to it?", detail: "The host is then asked without TLS, and marked so everywhere", action: "Allow plain HTTP", remedy: { do: "plain-http", host: context.host } },
      edit("Does it speak HTTPS on another port?", "Name that port in the reference"),
    ],
    docker: null,
  },
  redirect_refused: protocol("The registry sent Longshore to a place that it does not follow: plain HTTP, a private address, or round in a circle."),
  auth_required: {
    title: ({ registry, path }) => `${registry} will not say whether \`${path}\` exists`,
    about: "It answers the same way for a repository that is missing and for one that is private, so that nobody can probe for names. Check the spelling first.",
    causes: (context) => [
      signIn("Is it private?", "An account that may see it gets an answer", context),
      otherRegistry(context),
    ],
    docker: null,
  },
  auth_refused: {
    title: ({ registry }) => `${registry} does not accept the stored sign-in`,
    about: "The user name or the secret is wrong, has expired, or has no access to this repository.",
    causes: (context) => [
      signIn("Has the secret expired?", "Sign in again, or with another account", context, "Switch account…"),
      trail("Which sign-in was used?", "Every place that keeps one is listed in order", context),
      otherRegistry(context),
    ],
    docker: null,
  },
  realm_refused: protocol("The registry asks for the sign-in to be sent to another host. Secrets go to the registry's own domain, and elsewhere only where you say so."),
  token_invalid: protocol("The service that hands out tokens sent something that is not one."),
  credential_helper: credentials("The program that keeps sign-ins for Docker did not give one. Public images need none."),
  credential_config: credentials("The Docker configuration can't be read as it is. It was not changed."),
  rate_limited: {
    title: ({ registry }) => `${registry} asks you to wait`,
    about: "So many pulls are allowed in a time, by account or by address. Layers that are here already cost nothing.",
    causes: (context) => [
      signIn("Do you have an account?", "Signed in, more is allowed", context),
      retry("Is the time over?", "The exchange names the moment in its headers"),
      practice,
    ],
    docker: null,
  },
  not_found: {
    title: ({ registry, subject }) => `${registry || "The registry"} has no \`${subject}\``,
    about: "The registry answered, and it does not know this name.",
    causes: (context) => [edit("Is the tag right?", "A repository may have no `latest`"), otherRegistry(context)],
    docker: null,
  },
  catalog_unavailable: {
    title: ({ registry }) => `${registry} does not list its repositories`,
    about: "Many registries have no such list, or not for everybody. A repository opens by its name all the same, and can be pinned.",
    causes: () => [edit("Do you know a name?", "Type it with the registry in front"), wire("What did it answer?", "The exchange shows the registry's own words")],
    docker: null,
  },
  delete_unsupported: {
    title: null,
    about: "Whether manifests and tags can be deleted is the registry's own setting. Nothing was deleted.",
    causes: () => [wire("What did it answer?", "The exchange shows the registry's own words")],
    docker: null,
  },
  changed: {
    title: null,
    about: "Somebody changed it between the plan and now, so it was left alone.",
    causes: () => [retry("What is there now?", "It is looked up again, and planned anew")],
    docker: null,
  },
  archive_invalid: {
    title: null,
    about: "Nothing was taken from it, and nothing on this computer changed.",
    causes: () => [retry("Was it still being written?", "A file that is copied or downloaded anew may be whole")],
    docker: null,
  },
  layer_invalid: {
    title: null,
    about: "What stands before the damage can be looked at. Nothing on this computer changed.",
    causes: () => [retry("Is the layer whole?", "Pulling the image again fetches what is damaged")],
    docker: null,
  },
  compression_unsupported: {
    title: null,
    about: "Longshore reads gzip, zstd, bzip2 and xz.",
    causes: () => [retry("Can it be packed again?", "A file that was unpacked and compressed with one of these is read")],
    docker: null,
  },
  registry_refused: {
    title: ({ registry }) => `${registry} refuses this request`,
    about: "The answer says that trying again will not help.",
    causes: () => [wire("Why?", "The exchange shows the registry's own words"), edit("Is the reference right?", "Host, name and tag")],
    docker: null,
  },
  registry_failed: {
    title: ({ registry }) => `${registry} has a fault of its own`,
    about: "It was asked several times, with a pause between. What arrived is kept.",
    causes: () => [retry("Is it over?", "The download goes on where it stopped"), wire("What did it answer?", "The exchange shows the status and the body"), here],
    docker: null,
  },
  protocol_violation: protocol("The registry's answer contradicts the protocol, so nothing of it was used."),
  content_mismatch: {
    title: null,
    about: "The bytes hash to another digest than the one they were asked for by. They were thrown away; nothing damaged is kept.",
    causes: () => [retry("Was it damaged on the way?", "The bytes are fetched again from the start"), wire("Who sent them?", "The exchange names the host and the digest")],
    docker: ({ fault }) => `filesystem layer verification failed for digest ${fault.digest ?? "sha256:…"}`,
  },
  too_large: protocol("It is larger than the registry said, or than such a document can sensibly be. Reading stopped there."),
  manifest_invalid: protocol("The manifest arrived whole, but it is not one that can be trusted."),
  manifest_unsupported: {
    title: null,
    about: "It is kept as it is and can be read as text; it is no image that can be run.",
    causes: (context) => [
      { icon: "file-json", question: "What is it?", detail: "The page shows the document as it was received", action: "Show document", remedy: { do: "inspect", reference: context.subject } },
      edit("Is there a newer tag?", "Images of 2015 and before use a format that is gone"),
    ],
    docker: () => daemon("unsupported manifest media type and no default available"),
  },
  platform_missing: {
    title: ({ subject, platform }) => `\`${subject}\` has no image for ${platform}`,
    about: "An index lists one manifest for each platform that it was built for. This one is not among them.",
    causes: ({ fault, subject }) =>
      fault.choices.length > 0
        ? [...new Set(fault.choices)].slice(0, 6).map(
            (platform): Cause => ({ icon: "chip", question: platform, detail: "Listed in the index", action: `Choose ${platform}`, remedy: { do: "inspect", reference: subject, platform } }),
          )
        : [{ icon: "chip", question: "Which platform is meant?", detail: "The usual ones are in the list", action: "Choose platform", remedy: { do: "platforms" } }],
    docker: ({ platform, subject }) => daemon(`no matching manifest for ${platform} in the manifest list entries: no match for platform in manifest: ${subject}`),
  },
  image_missing: {
    title: ({ subject }) => `\`${subject}\` is not on this computer`,
    about: "It was never pulled, or it was removed.",
    causes: ({ subject }) => [
      { icon: "pull", question: "Does a registry have it?", detail: "Pull it, then look at it here", action: "Pull", remedy: { do: "pull", reference: subject } },
      here,
    ],
    docker: ({ subject }) => `Error: No such image: ${subject}`,
  },
  store_full: store("There is no room left. What arrived is kept, and the transfer can go on when there is.", "write /var/lib/docker/tmp/GetImageBlob: no space left on device", true),
  store_read_only: store("The store can be read but not written, so images here open and nothing new can be kept.", "mkdir /var/lib/docker/tmp: read-only file system"),
  store_corrupt: store("Stored bytes no longer match their digest. They were put aside, so that nothing damaged is used.", "layer does not match its digest"),
  store_failed: store("The folder that images are kept in did not do what was asked.", "input/output error"),
  config_invalid: {
    title: null,
    about: "It is left as it is; nothing overwrites it.",
    causes: () => [settings("Which file is it?", "Settings names the files that are read"), retry("Is it mended?", "The file is read again at every try")],
    docker: null,
  },
  cancelled: {
    title: ({ subject }) => `\`${subject}\` was stopped`,
    about: "Whole layers that arrived are kept, and partial ones go on where they stopped.",
    causes: () => [retry("Stopped by mistake?", "What is here already is not fetched again")],
    docker: () => "context canceled",
  },
  internal: {
    title: null,
    about: "Longshore did something that it should not. Nothing that was stored is lost.",
    causes: () => [retry("Does it happen again?", "If it does, the details help to find out why")],
    docker: null,
  },
};
