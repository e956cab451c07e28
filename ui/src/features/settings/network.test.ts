import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { describe, expect, test } from "vitest";
import { fault, fakeHost } from "../../ipc/fake";
import { AUTHORITY, CERTIFICATE } from "../../ipc/fake/accounts";
import type { HostSettings } from "../../ipc/bindings";
import { App } from "../../state/app.svelte";
import { renderWindow } from "../../test/render";
import { fingerprint, fingerprintLines, likeliest, validityOf } from "./certificates";
import { connectionOf, warningOf, withConnection } from "./connection";
import { readMirror, readProxy, readProxyException } from "./proxy";

const settings = (part: Partial<HostSettings> = {}): HostSettings => ({ host: "nas:5000", plainHttp: false, skipTlsVerification: false, mirrors: [], trusted: [], ...part });
const found = async (container: HTMLElement) => {
  const { violations } = await axe.run(container, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
};

describe("words", () => {
  const NOW = Date.parse("2026-06-01T00:00:00Z");
  test.each([
    ["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "valid", "2026-01-01 to 2027-01-01"],
    ["2026-01-01T00:00:00Z", "2026-06-08T00:00:00Z", "soon", "2026-01-01 to 2026-06-08: 7 days left"],
    ["2025-01-01T00:00:00Z", "2026-05-31T00:00:00Z", "expired", "2025-01-01 to 2026-05-31: expired 1 day ago"],
    ["2026-06-02T00:00:00Z", "2027-01-01T00:00:00Z", "future", "2026-06-02 to 2027-01-01: not valid yet, by this computer's clock"],
    ["?", "2027-01-01T00:00:00Z", "valid", "? to 2027-01-01"],
  ])("a certificate from %s to %s is %s", (notBefore, notAfter, state, text) => expect(validityOf({ notBefore, notAfter }, NOW)).toEqual({ state, text }));
  test("a fingerprint is written as openssl writes it", () => {
    const hex = "0f".repeat(31) + "a0";
    expect(fingerprint(hex)).toBe(`${"0F:".repeat(31)}A0`);
    expect(fingerprint(`sha256:${hex}`)).toBe(fingerprint(fingerprint(hex)));
    expect(fingerprint("company CA")).toBe("company CA");
    expect(fingerprintLines(hex).join(":")).toBe(fingerprint(hex));
    expect(fingerprintLines(hex).map(({ length }) => length)).toEqual([47, 47]);
  });
  test("the authority is offered before the host's own", () => {
    const own = { subject: "", issuer: "", notBefore: "", notAfter: "", sha256: "a", isCa: false };
    expect(likeliest([own, { ...own, sha256: "b", isCa: true }])?.sha256).toBe("b");
    expect(likeliest([own])?.sha256).toBe("a");
    expect(likeliest([])).toBeNull();
  });
  test("a connection is one of three, there and back", () => {
    for (const connection of ["verified", "unverified", "plain"] as const) expect(connectionOf(settings(withConnection(connection)))).toBe(connection);
    expect([warningOf(settings()), warningOf(settings({ plainHttp: true }))?.text, warningOf(settings({ skipTlsVerification: true }))?.text]).toEqual([null, "Plain HTTP", "Certificate not checked"]);
  });
  test.each([
    ["proxy.example.com:3128", "http://proxy.example.com:3128"],
    [" HTTPS://Proxy.example.com ", "https://proxy.example.com"],
    ["[::1]:3128", "http://[::1]:3128"],
    ["socks5://proxy:1080", "socks5://proxy:1080"],
  ])("%o is the proxy %s", (text, url) => expect(readProxy(text)).toEqual({ url, problem: null }));
  test.each([
    ["", /Type its address/],
    ["ftp://x", /by http:\/\/, https:\/\/ or socks5:\/\//],
    ["http://me:secret@proxy", /kept in the clear/],
    ["http://proxy/path", /no path/],
    ["http://", /no address/],
  ])("%o is no proxy", (text, problem) => expect(readProxy(text).problem).toMatch(problem));
  test.each([["mirror.example.com:5000"], ["https://mirror.example.com"], ["http://10.0.0.2:5000"], ["mirror.example.com/prefix"]])("%s is a mirror", (text) => expect(readMirror(`${text}/`, [])).toEqual({ host: text, problem: null }));
  test.each([["https://me:pw@m.example", /account out/], ["ftp://m.example/x", /by http/], ["https://m.example/?a=b", /ends with its path/], ["https://m.example", /already/], ["", /Type a host/]])("%o is no mirror", (text, problem) => expect(readMirror(text, ["https://m.example"]).problem).toMatch(problem));
  test.each([[".example.com"], ["*.example.com"], ["nas"], ["10.0.0.0/8"], ["fe80::/10"], ["*"], ["host:5000"]])("%s is reached without it", (text) => expect(readProxyException(text, [])).toEqual({ host: text, problem: null }));
  test.each([["http://x"], ["a b"], [""], ["x"]])("%o is no exception", (text) => expect(readProxyException(text, ["x"]).problem).not.toBeNull());
});

describe("the network's settings", () => {
  test("two changes at once both stay", async () => {
    const app = new App(fakeHost());
    await Promise.all([app.network.changeHost("a", { plainHttp: true }), app.network.changeHost("a", { mirrors: ["m"] }), app.network.changeHost("b", { trusted: ["f"] })]);
    expect(app.network.value?.hosts.map(({ host, plainHttp, mirrors, trusted }) => [host, plainHttp, mirrors, trusted])).toEqual([["a", true, ["m"], []], ["b", false, [], ["f"]]]);
  });
  test("what could not be read is not written over", async () => {
    const host = fakeHost({ failing: { read_network: fault("config_invalid", "line 3") } });
    const app = new App(host);
    expect(await app.network.changeHost("a", { plainHttp: true })).toBe(false);
    expect(app.network.refused?.message).toBe("line 3");
    expect(host.calls.some(({ name }) => name === "write_host")).toBe(false);
  });
});

/** The window on Settings. */
async function page(options: Parameters<typeof renderWindow>[0] = {}) {
  const drawn = await renderWindow(options);
  drawn.app.go({ kind: "settings" });
  await screen.findByRole("heading", { name: "Hosts" });
  return { ...drawn, user: userEvent.setup({ delay: null }) };
}

describe("hosts in Settings", () => {
  test("a host is opened, changed, marked everywhere, and removed again", async () => {
    const { app, user, container } = await page();
    await user.type(await screen.findByRole("textbox", { name: "Host to change" }), "nas:5000{Enter}");
    const dialog = await screen.findByRole("dialog", { name: "Settings of nas:5000" });
    await user.click(within(dialog).getByRole("radio", { name: /certificate not checked/ }));
    await waitFor(() => expect(app.network.host("nas:5000").skipTlsVerification).toBe(true));
    expect(within(dialog).getByText(/Not private/)).toBeVisible();
    await user.type(within(dialog).getByRole("textbox", { name: "Host of a mirror" }), "one.example.com{Enter}");
    await waitFor(() => expect(within(dialog).getByText("one.example.com")).toBeVisible());
    await user.type(within(dialog).getByRole("textbox", { name: "Host of a mirror" }), "two.example.com{Enter}");
    await user.click(await within(dialog).findByRole("button", { name: "Ask two.example.com earlier" }));
    await waitFor(() => expect(app.network.host("nas:5000").mirrors).toEqual(["two.example.com", "one.example.com"]));
    expect(await found(container)).toEqual([]);
    await user.click(within(dialog).getByRole("button", { name: "Close" }));
    const table = screen.getByRole("table");
    expect(within(table).getByRole("row", { name: /nas:5000.*Certificate not checked.*2 mirrors/ })).toBeVisible();
    const row = await within(screen.getByRole("complementary", { name: "Places" })).findByRole("button", { name: "nas:5000, Not signed in, Certificate not checked" });
    expect(row).toHaveTextContent("Certificate not checked");
    await user.click(within(table).getByRole("button", { name: "Remove nas:5000" }));
    await waitFor(() => expect(app.network.value?.hosts).toEqual([]));
    expect(screen.queryByRole("table")).toBeNull();
  });
  test("a certificate is looked at, trusted for that host, shown by its fingerprint, and not trusted any more", async () => {
    const { app, user, container } = await page();
    void app.dialogs.ask({ kind: "host", host: "private.example.com" });
    await user.click(await screen.findByRole("button", { name: "Show its certificate…" }));
    const certificate = await screen.findByRole("dialog", { name: "Trust this certificate?" });
    expect(await within(certificate).findByRole("radio", { name: /Example Private CA.*Authority/ })).toBeChecked();
    expect(within(certificate).getByText(/any certificate that this authority signs/)).toBeVisible();
    expect(within(certificate).getByText(fingerprintLines(CERTIFICATE)[0] ?? "")).toBeVisible();
    await user.click(within(certificate).getByRole("radio", { name: /The host’s own/ }));
    expect(within(certificate).getByText(/this one certificate/)).toBeVisible();
    expect(await found(container)).toEqual([]);
    await user.click(within(certificate).getByRole("radio", { name: /Authority/ }));
    await user.click(within(certificate).getByRole("button", { name: "Trust this authority" }));
    await waitFor(() => expect(app.network.host("private.example.com").trusted).toEqual([AUTHORITY]));
    expect(screen.queryByRole("dialog", { name: "Trust this certificate?" })).toBeNull();
    await user.click(screen.getByRole("button", { name: `Do not trust ${fingerprint(AUTHORITY).slice(0, 11)} any more` }));
    await waitFor(() => expect(app.network.host("private.example.com").trusted).toEqual([]));
  });
  test("a certificate that can't be read is a fault", async () => {
    const { app } = await page();
    void app.trustCertificate("down.example.com");
    expect(await screen.findByText("down.example.com can't be reached")).toBeVisible();
    expect(screen.getByRole("button", { name: "Trust this certificate" })).toBeDisabled();
  });
  test("settings that can't be read are left alone, and read again when asked", async () => {
    const { user, host } = await page({ failing: { read_network: fault("config_invalid", "`hosts.json` breaks off") } });
    expect(await screen.findByText(/could not be read/)).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Read again" }));
    expect(host.calls.filter(({ name }) => name === "read_network").length).toBeGreaterThan(1);
  });
  test("a refused write is said", async () => {
    const { app } = await page({ failing: { write_host: fault("config_invalid", "`hosts.json` is read-only") } });
    await app.network.changeHost("nas", { plainHttp: true });
    expect(await screen.findByText("hosts.json", { exact: false })).toBeVisible();
  });
});

describe("proxy and token servers in Settings", () => {
  test("nothing changes before the proxy has an address", async () => {
    const { app, user } = await page();
    await user.click(await screen.findByRole("button", { name: "This one" }));
    expect(app.network.value?.proxy.mode).toBe("system");
    await user.type(screen.getByRole("textbox", { name: "Address of the proxy" }), "http://me:pw@proxy:3128{Enter}");
    expect(screen.getByRole("alert")).toHaveTextContent("kept in the clear");
    await user.clear(screen.getByRole("textbox", { name: "Address of the proxy" }));
    await user.type(screen.getByRole("textbox", { name: "Address of the proxy" }), "proxy:3128{Enter}");
    await waitFor(() => expect(app.network.value?.proxy).toEqual({ mode: "custom", url: "http://proxy:3128", noProxy: [] }));
    await user.type(screen.getByRole("textbox", { name: "Host that needs no proxy" }), ".example.com{Enter}");
    await waitFor(() => expect(app.network.value?.proxy.noProxy).toEqual([".example.com"]));
    await user.click(screen.getByRole("button", { name: "None" }));
    await waitFor(() => expect(app.network.value?.proxy.mode).toBe("none"));
    expect(app.network.value?.proxy.url).toBe("http://proxy:3128");
  });
  test("token servers come and go one by one", async () => {
    const { app, user, container } = await page({ network: { trustedRealms: ["a.example.com"] } });
    await user.type(await screen.findByRole("textbox", { name: "Host of a token server" }), "b.example.com{Enter}");
    await waitFor(() => expect(app.network.value?.trustedRealms).toEqual(["a.example.com", "b.example.com"]));
    await user.click(screen.getByRole("button", { name: "Remove a.example.com" }));
    await waitFor(() => expect(app.network.value?.trustedRealms).toEqual(["b.example.com"]));
    expect(await found(container)).toEqual([]);
  });
});
