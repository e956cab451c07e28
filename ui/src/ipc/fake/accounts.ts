// Make-believe accounts, host settings and certificates. A secret of `wrong` is refused; the host `down.example.com`
// does not answer, the namespace `throttled` asks to wait, and `private.example.com` shows a certificate that nobody vouches for.

import { vendorOf } from "../../features/accounts/presets";
import type { Breakdown, CertificateView, Commands, CredentialTrail, Fault, FaultCode, HostSettings, KeepOption, NetworkSettings, RegistryEntry, SignInForm, SignInRequest, SignInTest, Vendor } from "../bindings";
import { fakeDigest } from "./digest";
import type { FakeWire } from "./wire";

type Fail = (code: FaultCode, message: string, part?: Partial<Fault>) => Fault;
type Account = { account: string; keptIn: string };

/** A certificate's fingerprint, and its authority's. */
export const CERTIFICATE = fakeDigest("certificate").slice(7);
export const AUTHORITY = fakeDigest("authority").slice(7);

export type FakeAccountsOptions = {
  /** Hosts that are signed in to from the start. */
  accounts?: Record<string, Account>;
  network?: Partial<NetworkSettings>;
  keeps?: KeepOption[];
};

const KEEPS: KeepOption[] = [
  { keep: "keychain", helper: null, label: "Keychain", about: "Encrypted by the system", available: true, recommended: true, whyNot: null },
  { keep: "helper", helper: "secretservice", label: "Credential helper", about: "`secretservice`, as Docker uses it", available: true, recommended: false, whyNot: null },
  { keep: "file", helper: null, label: "config.json", about: "Plain file, shared with Docker", available: true, recommended: false, whyNot: null },
  { keep: "session", helper: null, label: "This session only", about: "Forgotten when Longshore closes", available: true, recommended: false, whyNot: null },
];

type Words = Pick<SignInForm, "title" | "lead" | "userHint" | "userFixed" | "secretLabel" | "secretHint" | "secretLink" | "secretCommand">;
const NOTHING = { userHint: null, userFixed: null, secretLink: null, secretCommand: null };
const FORMS: Record<Vendor, (host: string) => Words> = {
  hub: () => ({ ...NOTHING, title: "Docker Hub", lead: "Docker Hub takes your Docker ID with a personal access token. Your password works too, unless two-factor authentication is on.", userHint: "Your Docker ID, not your e-mail address", secretLabel: "Token", secretHint: "A personal access token: Public Repo Read-only is enough to pull, Read & Write to push", secretLink: "https://app.docker.com/settings/personal-access-tokens" }),
  ghcr: () => ({ ...NOTHING, title: "GitHub Container Registry", lead: "ghcr.io takes a personal access token. Your GitHub password will not work.", userHint: "Your GitHub user name, not your e-mail address", secretLabel: "Token", secretHint: "A classic token with `read:packages`; add `write:packages` to push", secretLink: "https://github.com/settings/tokens/new?scopes=read:packages" }),
  ecr: () => ({ ...NOTHING, title: "Amazon Elastic Container Registry", lead: "Amazon takes the user name `AWS` and a password that its command line makes. Your AWS password will not work.", userHint: "The same for everyone", userFixed: "AWS", secretLabel: "Password", secretHint: "What the command prints. It lasts for twelve hours", secretCommand: "aws ecr get-login-password --region eu-central-1" }),
  acr: () => ({ ...NOTHING, title: "Azure Container Registry", lead: "Azure takes a token of the command line `az`, or a service principal. Your Azure password will not work.", userHint: "`00000000-0000-0000-0000-000000000000` with a token; with a service principal its application ID", secretLabel: "Token", secretHint: "The token that the command prints, or a service principal's password", secretCommand: "az acr login --name example --expose-token --output tsv --query accessToken" }),
  google: () => ({ ...NOTHING, title: "Google Artifact Registry", lead: "Google takes an access token of `gcloud`, or the key file of a service account.", userHint: "`oauth2accesstoken` with an access token; `_json_key` with a service account's key file", secretLabel: "Token", secretHint: "The token that the command prints, or all of the key file's text", secretCommand: "gcloud auth print-access-token" }),
  quay: () => ({ ...NOTHING, title: "Quay", lead: "Quay takes a robot account with its token, or your name with an encrypted password.", userHint: "A robot account, such as `team+builder`, or your own name", secretLabel: "Token", secretHint: "The robot account's token; for your own name, the encrypted password of Account Settings", secretLink: "https://docs.quay.io/glossary/robot-accounts.html" }),
  other: (host) => ({ ...NOTHING, title: host, lead: `The account is the one that the operator of ${host} gave you.`, secretLabel: "Password", secretHint: "A password, or an access token in its place" }),
};

export function fakeAccounts({ wire, fail, options }: { wire: FakeWire; fail: Fail; options: FakeAccountsOptions }) {
  const accounts = new Map<string, Account>(Object.entries(options.accounts ?? { "ghcr.io": { account: "username", keptIn: "Docker's config.json" } }));
  let network: NetworkSettings = { hosts: [], trustedRealms: [], proxy: { mode: "system", url: null, noProxy: [] }, ...options.network };

  const says = (settings: HostSettings) => settings.plainHttp || settings.skipTlsVerification || settings.mirrors.length > 0 || settings.trusted.length > 0;
  const writeHost = (settings: HostSettings) => {
    const others = network.hosts.filter(({ host }) => host !== settings.host);
    network = { ...network, hosts: says(settings) ? [...others, settings].sort((a, b) => a.host.localeCompare(b.host)) : others };
    return network;
  };
  const settingsOf = (host: string): HostSettings => network.hosts.find((known) => known.host === host) ?? { host, plainHttp: false, skipTlsVerification: false, mirrors: [], trusted: [] };

  /** Why no answer comes from there; null where one does. */
  const unreachable = (host: string): Fault | null => {
    if (host.startsWith("down.")) {
      const failed = wire.add({ host, path: "/v2/", status: null, summary: "nothing answers", failed: true });
      return fail("unreachable", `nothing answers at \`${host}\``, { exchange: failed.id, causes: ["connection refused"] });
    }
    if (host.startsWith("private.") && settingsOf(host).trusted.length === 0 && !settingsOf(host).skipTlsVerification) {
      const failed = wire.add({ host, path: "/v2/", status: null, summary: "its certificate is not trusted", failed: true });
      return fail("tls_failed", `the certificate of \`${host}\` is signed by an authority that this computer does not know`, {
        exchange: failed.id,
        remedies: [{ cause: "Is it signed by an authority of your own? Look at it before you trust it.", action: "trust_certificate", label: "Show certificate…", target: host, seconds: null }],
      });
    }
    return null;
  };

  const answers = {
    sign_in_form: ({ host }: Commands["sign_in_form"][0]): SignInForm => {
      const vendor = vendorOf(host);
      const known = accounts.get(host);
      return { host, vendor, userLabel: "User name", ...FORMS[vendor](host), keeps: options.keeps ?? KEEPS, account: known?.account ?? null, keptIn: known?.keptIn ?? null, configPath: "~/.docker/config.json" };
    },
    test_sign_in: ({ request }: { request: SignInRequest }): SignInTest => {
      const down = unreachable(request.host);
      if (down) return { accepted: false, account: null, said: down.message, exchange: down.exchange, status: null, milliseconds: 12, fault: down };
      const accepted = request.secret !== "wrong";
      const head = wire.add({ host: request.host, path: "/v2/", status: accepted ? 200 : 401, summary: accepted ? "signed in" : "authentication required", failed: !accepted, elapsed: 143 });
      return accepted
        ? { accepted, account: request.username, said: "You may pull and push.", exchange: head.id, status: 200, milliseconds: 143, fault: null }
        : { accepted, account: null, said: "The user name or the secret is wrong.", exchange: head.id, status: 401, milliseconds: 143, fault: fail("auth_refused", `\`${request.host}\` does not accept this account`, { exchange: head.id }) };
    },
    sign_in: ({ request }: { request: SignInRequest }) => {
      const down = unreachable(request.host);
      if (down) throw down;
      const head = wire.add({ host: request.host, path: "/v2/", status: request.secret === "wrong" ? 401 : 200, summary: request.secret === "wrong" ? "authentication required" : "signed in", failed: request.secret === "wrong" });
      if (request.secret === "wrong") throw fail("auth_refused", `\`${request.host}\` does not accept this account`, { exchange: head.id });
      const keptIn = { keychain: "the keychain", helper: `docker-credential-${request.helper ?? ""}`, file: "~/.docker/config.json", session: "memory, for this session" }[request.keep];
      accounts.set(request.host, { account: request.username, keptIn });
      return { host: request.host, account: request.username, keptIn, warnings: request.keep === "file" ? ["`~/.docker/config.json` could be read by others; now only you can"] : [] };
    },
    sign_out: ({ host }: { host: string }) => {
      const known = accounts.get(host);
      accounts.delete(host);
      return { removed: known ? [known.keptIn] : [], left: [] };
    },
    credential_trail: ({ host }: { host: string }): CredentialTrail => {
      const known = accounts.get(host);
      const wildcard = host.endsWith(".amazonaws.com");
      return {
        host,
        steps: [
          { place: "This session", key: null, account: null, outcome: "empty", why: "Nobody has signed in since Longshore was started" },
          { place: "`credHelpers` of config.json", key: wildcard ? "*.dkr.ecr.*.amazonaws.com" : null, account: wildcard ? "AWS" : null, outcome: wildcard ? "chosen" : "empty", why: wildcard ? "The pattern matches the host, and `docker-credential-ecr-login` has an account" : "It has no entry for this host" },
          { place: "`auths` of config.json", key: known ? host : null, account: known?.account ?? null, outcome: known ? "chosen" : "empty", why: known ? "The key is the host's own name" : "It has no entry for this host" },
          { place: "Podman's auth.json", key: null, account: null, outcome: known || wildcard ? "overridden" : "empty", why: known || wildcard ? "It is read only where Docker's file has nothing" : "There is no such file" },
        ],
        docker: wildcard ? { place: "Nothing", key: null, account: null, outcome: "empty", why: "Docker matches the keys of `credHelpers` exactly" } : known ? { place: "`auths` of config.json", key: host, account: known.account, outcome: "chosen", why: "The same entry" } : null,
        differs: wildcard,
        lesson: wildcard ? "`*.dkr.ecr.*.amazonaws.com` is a pattern. Longshore and Kubernetes understand it; `docker pull` would ask anonymously. Name the host itself, and both agree." : null,
      };
    },
    ping_registry: ({ host }: { host: string }) => {
      const down = unreachable(host);
      if (down) return { fault: down, exchange: down.exchange, plainHttp: false, wantsSignIn: false };
      const open = host.startsWith("localhost") || settingsOf(host).plainHttp;
      const head = wire.add({ host, path: "/v2/", status: open ? 200 : 401, summary: open ? "a registry" : "where to get a token" });
      return { fault: null, exchange: head.id, plainHttp: open, wantsSignIn: !open };
    },
    read_network: () => network,
    write_host: ({ settings }: { settings: HostSettings }) => writeHost(settings),
    write_proxy: ({ proxy }: Commands["write_proxy"][0]) => (network = { ...network, proxy }),
    trust_realm: ({ host, trusted }: { host: string; trusted: boolean }) => {
      const others = network.trustedRealms.filter((known) => known !== host);
      return (network = { ...network, trustedRealms: trusted ? [...others, host] : others });
    },
    read_certificates: ({ host }: { host: string }) => {
      if (host.startsWith("down.")) throw fail("unreachable", `nothing answers at \`${host}\``);
      const own: CertificateView = { subject: `CN=${host}`, issuer: "CN=Example Private CA, O=Example", notBefore: "2026-01-01T00:00:00Z", notAfter: "2036-01-01T00:00:00Z", sha256: CERTIFICATE, isCa: false };
      const authority: CertificateView = { subject: "CN=Example Private CA, O=Example", issuer: "CN=Example Private CA, O=Example", notBefore: "2024-01-01T00:00:00Z", notAfter: "2044-01-01T00:00:00Z", sha256: AUTHORITY, isCa: true };
      return { host, certificates: [own, authority] };
    },
    trust_certificate: ({ host, sha256 }: { host: string; sha256: string }) => {
      const settings = settingsOf(host);
      writeHost({ ...settings, trusted: [...settings.trusted.filter((known) => known !== sha256), sha256] });
      return null;
    },
  };

  return {
    answers,
    /** Why a reference gets no answer, where that is for its host or its namespace to say. */
    refusal: ({ registry, apiHost, path, namespace }: Breakdown): Fault | null => {
      const down = unreachable(registry);
      if (down || namespace !== "throttled") return down;
      const failed = wire.add({ host: apiHost, path: `/v2/${path}/manifests/latest`, status: 429, summary: "too many requests", failed: true });
      const account = accounts.get(registry)?.account;
      return fail("rate_limited", "0 of 100 pulls are left", {
        exchange: failed.id,
        remedies: [
          account
            ? { cause: `Does another account have more? Signed in as \`${account}\``, action: "sign_in", label: "Switch account…", target: registry, seconds: null }
            : { cause: "Do you have an account? Signed in, more is allowed.", action: "sign_in", label: "Sign in…", target: registry, seconds: null },
          { cause: "Can it wait? The registry says when it may be asked again.", action: "wait", label: "Wait 45 s", target: null, seconds: 45 },
        ],
      });
    },
    /** The sidebar's rows as they are now: signed in, plain, or as they were. */
    rows: (entries: RegistryEntry[], added: readonly string[]): RegistryEntry[] => {
      const named = [...new Set([...added, ...network.hosts.map(({ host }) => host), ...accounts.keys()])].filter((host) => !entries.some((entry) => entry.host === host));
      const others = named.map((host): RegistryEntry => ({ host, label: host, kind: "other", state: "anonymous", account: null }));
      return [...entries, ...others].map((entry) => {
        if (entry.kind === "practice") return entry;
        const known = accounts.get(entry.host);
        if (known) return { ...entry, state: "account", account: known.account };
        const plain = settingsOf(entry.host).plainHttp || entry.state === "plain";
        return { ...entry, state: plain ? "plain" : "anonymous", account: null };
      });
    },
  };
}
