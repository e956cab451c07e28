import { configure, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { fault, type FakeOptions } from "../../ipc/fake";
import { renderWindow } from "../../test/render";

vi.setConfig({ testTimeout: 30_000 });
configure({ asyncUtilTimeout: 5000 });

const draw = async (repository: string, tags: string[], options: FakeOptions = {}) => {
  const drawn = await renderWindow(options);
  let changed: boolean | null = null;
  void drawn.app.dialogs.ask({ kind: "delete", repository, tags }).then((done) => (changed = done));
  const dialog = await screen.findByRole("dialog");
  const deletions = () => drawn.host.calls.filter(({ name }) => name === "delete_tags").map(({ args }) => args);
  return { ...drawn, dialog, deletions, changed: () => changed, user: userEvent.setup() };
};
const APP = "localhost:5000/team/app";

describe("deleting tags", () => {
  it("shows what goes along before anything goes, and asks for the name", async () => {
    const { dialog, user, deletions, app, changed } = await draw(APP, ["latest"]);
    expect(dialog).toHaveAccessibleName("Delete latest from localhost:5000/team/app?");
    expect(await within(dialog).findByText(/latest and v2.1.0 name the same manifest, so deleting one deletes both/)).toBeInTheDocument();
    const items = within(dialog).getByRole("list", { name: "What goes" });
    expect(items).toHaveTextContent("Chosenlatest");
    expect(items).toHaveTextContent("Same digestv2.1.0goes too");
    expect(items).toHaveTextContent("1 signature, SBOM or attestation would refer to nothing");
    expect(within(dialog).getByText(/can't delete a tag alone/)).toBeInTheDocument();
    expect(within(dialog).getByText("longshore delete --also-tags localhost:5000/team/app:latest")).toBeInTheDocument();
    const button = within(dialog).getByRole("button", { name: "Delete all 2" });
    expect(button).toBeDisabled();
    await user.type(within(dialog).getByRole("textbox"), "lates");
    expect(button).toBeDisabled();
    await user.type(within(dialog).getByRole("textbox"), "t");
    expect(deletions()).toEqual([]);
    await user.click(button);
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(deletions()).toEqual([{ request: { plan: 1, mode: "manifest" } }]);
    expect(app.announcement).toBe("Deleted 2 tags");
    expect(changed()).toBe(true);
  });

  it("asks for nothing where only the chosen goes", async () => {
    const { dialog, user, deletions } = await draw(APP, ["chart-0.4.0"]);
    await within(dialog).findByRole("list", { name: "What goes" });
    expect(within(dialog).queryByRole("textbox")).toBeNull();
    await user.click(within(dialog).getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(deletions()).toHaveLength(1));
  });

  it("warns of an index that would lose a platform", async () => {
    const { dialog } = await draw(APP, ["v2.0.3-amd64"]);
    expect(await within(dialog).findByRole("list", { name: "What goes" })).toHaveTextContent("Listed byv2.0.3loses a platform");
    expect(within(dialog).getByText(/--break-indexes/)).toBeInTheDocument();
    expect(within(dialog).getByRole("button", { name: "Delete" })).toBeDisabled();
  });

  it("takes the tag alone where the registry can, or the manifest where that is wanted", async () => {
    const { dialog, user, deletions } = await draw("127.0.0.1:5055/web", ["2.0"]);
    const alone = await within(dialog).findByRole("radio", { name: /^The tag alone/ });
    expect(alone).toBeChecked();
    expect(within(dialog).getByText(/^The name goes; what it points to stays/)).toBeInTheDocument();
    await user.click(within(dialog).getByRole("radio", { name: /^The manifest/ }));
    expect(within(dialog).getByText("longshore delete 127.0.0.1:5055/web:2.0")).toBeInTheDocument();
    await user.click(alone);
    await user.click(within(dialog).getByRole("button", { name: "Delete the tag" }));
    await waitFor(() => expect(deletions()).toEqual([{ request: { plan: 1, mode: "tag" } }]));
  });

  it("reports what failed, and keeps the report until it is closed", async () => {
    const { dialog, user, changed } = await draw(APP, ["chart-0.4.0", "v2.0.3"], { tagFaults: { "v2.0.3": fault("registry_refused", "The registry keeps `v2.0.3`", { hint: "Ask its owner" }) } });
    await within(dialog).findByRole("list", { name: "What goes" });
    await user.click(within(dialog).getByRole("button", { name: /^Delete/ }));
    expect(await within(dialog).findByText(/The registry keeps/)).toBeInTheDocument();
    expect(dialog).toHaveAccessibleName("Deleted 1 tag, 1 tag could not be deleted");
    expect(within(dialog).getByRole("list", { name: "Tags that could not be deleted" })).toHaveTextContent("v2.0.3 The registry keeps v2.0.3. Ask its owner");
    await user.click(within(dialog).getByRole("button", { name: "Close" }));
    await waitFor(() => expect(changed()).toBe(true));
  });

  it("keeps everything when asked to, and when looking fails", async () => {
    const { dialog, user, deletions, changed, host } = await draw(APP, ["latest"], { failing: { plan_delete: fault("auth_required", "`localhost:5000` wants to know who you are", { hint: "Sign in" }) } });
    expect(await within(dialog).findByRole("alert")).toHaveTextContent("wants to know who you are. Sign in");
    await user.click(within(dialog).getByRole("button", { name: "Look again" }));
    await waitFor(() => expect(host.calls.filter(({ name }) => name === "plan_delete")).toHaveLength(2));
    await user.click(within(dialog).getByRole("button", { name: "Keep" }));
    await waitFor(() => expect(changed()).toBe(false));
    expect(deletions()).toEqual([]);
  });

  it("is seen by the open table", async () => {
    const { app } = await renderWindow();
    const user = userEvent.setup();
    app.openRepository(APP);
    const grid = await screen.findByRole("grid", { name: `Tags of ${APP}` });
    await screen.findByRole("row", { name: /^latest,/ });
    grid.focus();
    await user.keyboard("{ArrowDown}{Delete}");
    const dialog = await screen.findByRole("dialog", { name: /Delete latest/ });
    await user.type(await within(dialog).findByRole("textbox"), "latest");
    await user.click(within(dialog).getByRole("button", { name: "Delete all 2" }));
    await waitFor(() => expect(screen.queryByRole("row", { name: /^(latest|v2.1.0),/ })).toBeNull());
    expect(screen.getByText("4 tags")).toBeInTheDocument();
  });
});
