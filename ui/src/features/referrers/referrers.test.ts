import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { ReferrerRow } from "../../ipc/bindings";
import { fault } from "../../ipc/fake";
import { renderWindow } from "../../test/render";
import { grouped, kindOf, summary } from "./referrers";

const row = (label: string, artifactType: string | null, created: string | null = null): ReferrerRow => ({ digest: `sha256:${label}`, artifactType, label, size: 1, created, via: "Referrers API", platform: null, annotations: [] });

describe("what refers to an image", () => {
  it.each([
    ["application/spdx+json", "", "sbom"],
    ["application/vnd.cyclonedx+json", "", "sbom"],
    ["application/vnd.dev.cosign.artifact.sig.v1+json", "", "signature"],
    ["application/vnd.cncf.notary.signature", "", "signature"],
    ["application/vnd.in-toto+json", "Provenance (SLSA)", "provenance"],
    ["application/vnd.in-toto+json", "Attestation", "attestation"],
    [null, "Something", "other"],
  ])("%s, %s is %s", (artifactType, label, kind) => expect(kindOf({ artifactType, label })).toBe(kind));

  it("is put by kind, the newest first", () => {
    const rows = [row("SBOM old", "application/spdx+json", "2025-01-01T00:00:00Z"), row("x", null), row("SBOM new", "application/spdx+json", "2026-01-01T00:00:00Z"), row("Signature", "application/vnd.cncf.notary.signature")];
    expect(grouped(rows).map(({ kind, rows: some }) => `${kind}: ${some.map(({ label }) => label).join(", ")}`)).toEqual(["signature: Signature", "sbom: SBOM new, SBOM old", "other: x"]);
  });
  it("is summed up in a few words", () => {
    const sbom = row("SBOM (SPDX)", "application/spdx+json");
    expect([summary([row("Signature", "x")]), summary([row("Signature", "x"), sbom]), summary([sbom]), summary([])]).toEqual(["Signed", "Signed, with an SBOM", "With an SBOM, not signed", ""]);
  });
});

describe("the referrers of an image's page", () => {
  const open = async (reference: string, options = {}) => {
    const drawn = await renderWindow(options);
    drawn.app.inspect(`127.0.0.1:5055/${reference}`, { from: "registry" });
    await screen.findByRole("tab", { name: /Referrers/ });
    return { ...drawn, user: userEvent.setup() };
  };
  it("are counted, listed in plain words with how they were found, and open their manifest", async () => {
    const { app, user } = await open("multi:1.0");
    await user.click(await screen.findByRole("tab", { name: "Referrers4" }));
    expect(screen.getByRole("heading", { name: "Signatures" })).toBeInTheDocument();
    const sbom = screen.getByRole("region", { name: "Bills of materials" });
    expect(sbom).toHaveTextContent(/SBOM \(SPDX\)\s*application\/spdx\+json.*48\.2 kB.*Referrers API/);
    expect(screen.getByText(/The registry answers the referrers API/)).toBeInTheDocument();
    await user.click(within(sbom).getByRole("button", { name: /SBOM/, description: "Open its manifest" }));
    expect(app.navigation.page).toMatchObject({ kind: "image", input: expect.stringMatching(/^127\.0\.0\.1:5055\/multi@sha256:/) as string, tab: "manifest" });
  });
  it("are summed up on the overview, and folded under their platform", async () => {
    const { user } = await open("multi:1.0");
    expect(await screen.findByText("Signed, with an SBOM and provenance.")).toBeInTheDocument();
    const fold = screen.getByRole("button", { name: "1 attestation of linux/amd64" });
    expect(fold).toHaveAttribute("aria-expanded", "false");
    await user.click(fold);
    expect(screen.getByText("Provenance (SLSA)")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Show them" }));
    expect(screen.getByRole("tab", { name: /Referrers/ })).toHaveAttribute("aria-selected", "true");
  });
  it("are none, and how that is known is said", async () => {
    const { user } = await open("web:2.0");
    await user.click(screen.getByRole("tab", { name: /Referrers/ }));
    expect(await screen.findByText("Nothing refers to this image")).toBeInTheDocument();
    expect(screen.getByText(/answered the referrers API with an empty list/)).toBeInTheDocument();
  });
  it("that can't be asked for leave the rest of the page as it is", async () => {
    const { user, host } = await open("web:2.0", { failing: { list_referrers: fault("timeout", "No answer in 30 s") } });
    expect(screen.getByRole("heading", { name: "What the name points to" })).toBeInTheDocument();
    await user.click(screen.getByRole("tab", { name: /Referrers/ }));
    await user.click(await screen.findByRole("button", { name: "Try again" }));
    await waitFor(() => expect(host.calls.filter(({ name }) => name === "list_referrers")).toHaveLength(2));
  });
  it("lead to every tag of the repository, and to a comparison", async () => {
    const { app, user } = await open("web:2.0");
    await user.click(screen.getByRole("button", { name: "All tags" }));
    expect(app.navigation.page).toEqual({ kind: "repository", input: "127.0.0.1:5055/web" });
    app.back();
    await screen.findByRole("tab", { name: /Referrers/ });
    app.actions.all.find(({ id }) => id === "image-compare")?.run();
    expect(app.navigation.page).toMatchObject({ kind: "compare", a: { input: "127.0.0.1:5055/web:2.0", from: "registry" }, b: null });
  });
});
