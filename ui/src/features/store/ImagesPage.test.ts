import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { fault } from "../../ipc/fake";
import { renderWithApp, renderWindow } from "../../test/render";
import ImagesPage from "./ImagesPage.svelte";

const LOCAL = ["hello:1.0", "hello:1.1", "web:2.0"];
const names = () => screen.getAllByRole("row").map((row) => row.getAttribute("aria-label")?.split(",")[0]?.replace("127.0.0.1:5055/", ""));
const selected = () => screen.getAllByRole("row").find((row) => row.getAttribute("aria-selected") === "true")?.getAttribute("aria-label")?.split(",")[0];
const draw = async (local = LOCAL) => {
  const drawn = await renderWithApp(ImagesPage as never, {}, { local });
  await waitFor(() => expect(screen.queryByRole("status", { name: /Reading/ })).toBeNull());
  return { ...drawn, user: userEvent.setup() };
};

describe("local images", () => {
  it("are listed with name, tag, digest and size", async () => {
    await draw();
    expect(new Set(names())).toEqual(new Set(LOCAL));
    expect(screen.getByText(/3 names, 3 images on this computer/)).toBeInTheDocument();
  });

  it("are filtered from the slash key, and cleared by Escape", async () => {
    const { app } = await renderWindow({ local: LOCAL });
    const user = userEvent.setup();
    app.go({ kind: "images" });
    await screen.findAllByRole("row");
    await user.keyboard("/");
    expect(screen.getByRole("textbox", { name: "Filter images" })).toHaveFocus();
    await user.keyboard("web");
    expect(names()).toEqual(["web:2.0"]);
    expect(screen.getByText("1 of 3")).toBeInTheDocument();
    await user.keyboard("{Escape}");
    expect(names()).toHaveLength(3);
    await user.keyboard("nothing");
    expect(screen.getByText(/No image matches/)).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Clear filter" }));
    expect(names()).toHaveLength(3);
  });

  it("are sorted by a column, and turned by a second click", async () => {
    const { user } = await draw();
    await user.click(screen.getByRole("button", { name: /Sort by name/ }));
    expect(names()).toEqual(["hello:1.0", "hello:1.1", "web:2.0"]);
    await user.click(screen.getByRole("button", { name: /Sort by name/ }));
    expect(names()).toEqual(["web:2.0", "hello:1.1", "hello:1.0"]);
    await user.click(screen.getByRole("button", { name: /Sort by size/ }));
    expect(names()[0]).toBe("web:2.0");
  });

  it("are walked and opened with the keyboard alone", async () => {
    const { app, user } = await draw();
    await user.click(screen.getByRole("button", { name: /Sort by name/ }));
    screen.getByRole("grid").focus();
    await user.keyboard("{ArrowDown}");
    expect(selected()).toContain("hello:1.1");
    await user.keyboard("{End}");
    expect(selected()).toContain("web:2.0");
    await user.keyboard("{ArrowDown}{Home}");
    expect(selected()).toContain("hello:1.0");
    await user.keyboard("w");
    expect(selected()).toContain("web:2.0");
    await user.keyboard("{Enter}");
    expect(app.navigation.page).toMatchObject({ kind: "image", input: "127.0.0.1:5055/web:2.0", from: "store" });
  });

  it("are removed after saying what goes", async () => {
    const { host, user } = await draw();
    await user.click(screen.getByRole("button", { name: /Sort by name/ }));
    screen.getByRole("grid").focus();
    await user.keyboard("{Delete}");
    const dialog = screen.getByRole("dialog", { name: "Remove 127.0.0.1:5055/hello:1.0 from this computer?" });
    // The base is shared with the two others: only the top layer goes.
    expect(await within(dialog).findByText(/420 kB that only this image has can be freed/)).toBeInTheDocument();
    expect(within(dialog).getByText(/docker rmi 127.0.0.1:5055\/hello:1.0/)).toBeInTheDocument();
    expect(host.calls.some(({ name }) => name === "remove_images")).toBe(false);
    await user.click(within(dialog).getByRole("button", { name: "Remove" }));
    await waitFor(() => expect(names()).toEqual(["hello:1.1", "web:2.0"]));
    expect(host.calls.find(({ name }) => name === "remove_images")?.args).toEqual({ references: ["127.0.0.1:5055/hello:1.0"] });
  });

  it("have a menu: push and tag ask first, by mouse and by key", async () => {
    const { app, user } = await draw(["hello:1.0"]);
    await user.click(screen.getByRole("button", { name: "More about 127.0.0.1:5055/hello:1.0" }));
    expect(screen.getAllByRole("menuitem").map((each) => /^[A-Z][a-z]+( [a-z]+)?/.exec(each.textContent.trim())?.[0])).toEqual(["Open", "Push", "Tag", "Save to", "Copy reference", "Copy digest", "Remove"]);
    await user.click(screen.getByRole("menuitem", { name: /^Push/ }));
    await waitFor(() => expect(app.dialogs.current).toEqual({ kind: "push", reference: "127.0.0.1:5055/hello:1.0" }));
    app.dialogs.close();
    app.actions.press(new KeyboardEvent("keydown", { key: "T", ctrlKey: true, shiftKey: true }));
    expect(app.dialogs.current).toEqual({ kind: "tag", reference: "127.0.0.1:5055/hello:1.0" });
  });

  it("are chosen with Space and Shift, and removed together", async () => {
    const { user, host } = await draw();
    await user.click(screen.getByRole("button", { name: /Sort by name/ }));
    screen.getByRole("grid").focus();
    const chosen = () => screen.getAllByRole("row").filter((row) => row.getAttribute("aria-selected") === "true").map((row) => row.getAttribute("aria-label")?.split(",")[0]?.slice(15));
    await user.keyboard("{ArrowDown}{Shift>}{ArrowDown}{/Shift}");
    expect(chosen()).toEqual(["hello:1.1", "web:2.0"]);
    await user.keyboard("{Home}");
    expect(chosen()).toEqual(["hello:1.1", "web:2.0"]);
    expect(screen.getByRole("row", { name: /hello:1.0/ })).toHaveClass("is-active");
    await user.keyboard("{End} ");
    expect(chosen()).toEqual(["hello:1.1"]);
    await user.keyboard("{Escape}");
    expect(chosen()).toEqual(["web:2.0"]);
    await user.keyboard("{Control>}a{/Control}");
    expect(screen.getByText("3 images chosen")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Remove 3…" }));
    await user.click(within(await screen.findByRole("dialog", { name: "Remove 3 images from this computer?" })).getByRole("button", { name: "Remove 3" }));
    await waitFor(() => expect(host.calls.find(({ name }) => name === "remove_images")?.args).toMatchObject({ references: LOCAL.map((name) => `127.0.0.1:5055/${name}`) }));
  });

  it("are chosen with Ctrl and Shift clicks, and a plain click only goes there", async () => {
    const { user } = await draw();
    await user.click(screen.getByRole("button", { name: /Sort by name/ }));
    const row = (name: RegExp) => screen.getByRole("row", { name });
    await user.keyboard("{Control>}");
    await user.click(row(/hello:1.0/));
    await user.keyboard("{/Control}{Shift>}");
    await user.click(row(/web:2.0/));
    await user.keyboard("{/Shift}");
    expect(screen.getByText("3 images chosen")).toBeVisible();
    await user.click(row(/hello:1.1/));
    expect(screen.getByText("3 images chosen")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Clear choice" }));
    expect(row(/hello:1.1/)).toHaveAttribute("aria-selected", "true");
    expect(row(/hello:1.0/)).toHaveAttribute("aria-selected", "false");
  });

  it("are kept when asked to", async () => {
    const { host, user } = await draw(["hello:1.0"]);
    screen.getByRole("grid").focus();
    await user.keyboard("{Delete}");
    await user.click(screen.getByRole("button", { name: "Keep" }));
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(host.calls.some(({ name }) => name === "remove_images")).toBe(false);
  });

  it("lie in an empty list with the shortest way to a first one", async () => {
    const { app, user } = await draw([]);
    app.go({ kind: "images" });
    await user.click(screen.getByRole("button", { name: "Show the practice registry" }));
    expect(app.navigation.page.kind).toBe("home");
  });

  it("that can't be read are a fault, and are asked for again", async () => {
    await renderWithApp(ImagesPage as never, {}, { failing: { list_images: fault("store_corrupt", "The store's index is damaged") } });
    expect(await screen.findByRole("heading", { name: /index is damaged/ })).toBeInTheDocument();
  });
});

describe("free space", () => {
  it("counts before it frees", async () => {
    const { host, user } = await draw();
    const asked = () => host.calls.filter(({ name }) => name === "collect_garbage").map(({ args }) => args);
    await user.click(screen.getByRole("button", { name: "Free space…" }));
    const free = await screen.findByRole("button", { name: "Free 912 kB" });
    expect(asked()).toEqual([{ dryRun: true }]);
    await user.click(free);
    expect(await screen.findByText("912 kB freed.")).toBeInTheDocument();
    expect(asked()).toEqual([{ dryRun: true }, { dryRun: false }]);
  });
});
