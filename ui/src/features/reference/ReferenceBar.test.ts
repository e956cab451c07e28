import { screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { describe, expect, test, vi } from "vitest";
import { renderWithApp } from "../../test/render";
import ReferenceBar from "./ReferenceBar.svelte";

async function bar() {
  const drawn = await renderWithApp(ReferenceBar, {});
  const field = screen.getByRole("combobox", { name: "Image reference" });
  const mirror = () => drawn.container.querySelector(".mirror")?.textContent ?? "";
  return { ...drawn, field, mirror, user: userEvent.setup() };
}

describe("the reference bar", () => {
  test("shows what is implied behind the caret, and never moves what was typed", async () => {
    const { field, mirror, user } = await bar();
    await user.type(field, "nginx");
    await waitFor(() => expect(mirror()).toBe("nginx:latest"));
    expect(field).toHaveValue("nginx");
  });

  test("takes the reference apart: typed, implied, absent", async () => {
    const { field, user, container } = await bar();
    await user.type(field, "nginx");
    await screen.findByRole("button", { name: "nginx, Repository, you typed" });
    expect(screen.getByRole("button", { name: "docker.io, Registry, implied" })).toHaveClass("seg--implied");
    expect(screen.getByRole("button", { name: "library, Namespace, implied" })).toHaveClass("seg--implied");
    expect(screen.getByRole("button", { name: /, Digest, not pinned/ })).toHaveClass("seg--none");
    expect(container.querySelector("[aria-live=polite]")).toHaveTextContent("Docker Hub keeps its official images under library.");
  });

  test("a segment that is pointed at is explained", async () => {
    const { field, user, container } = await bar();
    await user.type(field, "nginx");
    await user.hover(await screen.findByRole("button", { name: /, Digest,/ }));
    expect(container.querySelector("[aria-live=polite]")).toHaveTextContent("The hash of the manifest.");
  });

  test("Tab completes, then goes to the segments, where arrows move", async () => {
    const { field, user } = await bar();
    await user.type(field, "nginx");
    await screen.findByRole("button", { name: /, Repository,/ });
    await user.keyboard("{Tab}");
    expect(field).toHaveValue("nginx:latest");
    await screen.findByRole("button", { name: "latest, Tag, you typed" });
    await user.keyboard("{Tab}");
    expect(screen.getByRole("button", { name: /, Registry,/ })).toHaveFocus();
    await user.keyboard("{ArrowRight}{ArrowRight}");
    expect(screen.getByRole("button", { name: /, Repository,/ })).toHaveFocus();
    await user.keyboard("{Escape}");
    expect(field).toHaveFocus();
  });

  test("Enter inspects what is typed", async () => {
    const { field, user, app } = await bar();
    await user.type(field, "127.0.0.1:5055/web:2.0");
    await screen.findByRole("button", { name: /^web, Repository/ });
    await user.keyboard("{Enter}");
    expect(app.navigation.page).toMatchObject({ kind: "image", input: "127.0.0.1:5055/web:2.0" });
    expect(screen.queryByRole("listbox", { name: "Suggestions" })).toBeNull();
  });

  test("Enter that comes before Rust has answered means what was typed, not what is like it", async () => {
    const { field, user, app, host } = await bar();
    await waitFor(() => expect(app.shelf.state).toBe("ready"));
    const call = host.call.bind(host);
    vi.spyOn(host, "call").mockImplementation((name, args) => (name === "explain_reference" ? new Promise(() => undefined) : call(name, args)));
    await user.type(field, "web{Enter}");
    expect(app.navigation.page).toMatchObject({ kind: "image", input: "web" });
  });

  test("Ctrl Enter pulls it", async () => {
    const { field, user, app, host } = await bar();
    await user.type(field, "127.0.0.1:5055/web:2.0");
    await screen.findByRole("button", { name: /^web, Repository/ });
    await user.keyboard("{Control>}{Enter}{/Control}");
    await waitFor(() => expect(app.navigation.page.kind).toBe("transfers"));
    expect(host.calls.find(({ name }) => name === "start_pull")?.args).toEqual({
      request: { input: "127.0.0.1:5055/web:2.0", platform: null, allPlatforms: false, allTags: false },
    });
  });

  test("arrows choose a suggestion and Enter opens that one", async () => {
    const { field, user, app } = await bar();
    await user.type(field, "hello");
    const list = await screen.findByRole("listbox", { name: "Suggestions" });
    await waitFor(() => expect(within(list).getAllByRole("option").length).toBeGreaterThan(2));
    await user.keyboard("{ArrowDown}{ArrowDown}");
    expect(field).toHaveAttribute("aria-activedescendant", "reference-suggestion-2");
    await user.keyboard("{Enter}");
    expect(app.navigation.page).toMatchObject({ kind: "image", input: "127.0.0.1:5055/hello:1.0" });
  });

  test("a name without a tag offers every tag of its repository", async () => {
    const { field, user, app } = await bar();
    await user.type(field, "ghcr.io/owner/app");
    const list = await screen.findByRole("listbox", { name: "Suggestions" });
    await within(list).findByRole("option", { name: /Every tag of this repository/ });
    await user.keyboard("{ArrowDown}{Enter}");
    expect(app.navigation.page).toEqual({ kind: "repository", input: "ghcr.io/owner/app" });
  });

  test("a problem is said and underlined, and nothing can be pulled", async () => {
    const { field, user, container } = await bar();
    await user.type(field, "nginX");
    expect(await screen.findByText("A repository name is lower case")).toBeVisible();
    expect(container.querySelector(".wrong")).toHaveTextContent("X");
    expect(field).toHaveAttribute("aria-invalid", "true");
    expect(screen.getByRole("button", { name: "Pull" })).toBeDisabled();
  });

  test("a trap is said while it still works", async () => {
    const { field, user } = await bar();
    await user.type(field, "myregistry/myapp");
    expect(await screen.findByText(/is an account on Docker Hub, not a host/)).toBeVisible();
    expect(screen.getByRole("button", { name: "Pull" })).toBeEnabled();
  });

  test("Escape first gives the text back, then closes", async () => {
    const { field, user } = await bar();
    await user.type(field, "nginx");
    await user.keyboard("{Escape}");
    expect(field).toHaveValue("");
    await user.keyboard("{Escape}");
    expect(field).not.toHaveFocus();
  });

  test("the command line is the one that Docker would be given", async () => {
    const { field, user, app } = await bar();
    const write = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    app.platform = { all: false, name: "linux/arm64" };
    await user.type(field, "nginx");
    await screen.findByText("docker pull --platform linux/arm64 nginx");
    await user.click(screen.getByRole("button", { name: "Copy command" }));
    expect(write).toHaveBeenCalledWith("docker pull --platform linux/arm64 nginx");
  });

  test("late answers to older text are dropped", async () => {
    const { field, user, host, mirror } = await bar();
    const call = host.call.bind(host);
    let release: () => void = () => undefined;
    vi.spyOn(host, "call").mockImplementation(async (name, args) => {
      if (name === "explain_reference" && (args as { input: string }).input === "nginx") await new Promise<void>((resolve) => (release = resolve));
      return call(name, args);
    });
    await user.type(field, "nginx:1");
    await waitFor(() => expect(mirror()).toBe("nginx:1"));
    release();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(mirror()).toBe("nginx:1");
    expect(screen.getByRole("button", { name: "1, Tag, you typed" })).toBeInTheDocument();
  });
});

describe("the platform picker", () => {
  test("is a list box: arrows, type-ahead, Enter, Escape", async () => {
    const { user, app } = await bar();
    const trigger = screen.getByRole("button", { name: "Platform: linux/amd64" });
    await user.click(trigger);
    const list = await screen.findByRole("listbox", { name: "Platform" });
    await waitFor(() => expect(list).toHaveFocus());
    await user.keyboard("{ArrowDown}{Enter}");
    expect(app.platform).toEqual({ all: false, name: "linux/arm64" });
    expect(trigger).toHaveFocus();
    await user.click(trigger);
    await waitFor(() => expect(screen.getByRole("listbox", { name: "Platform" })).toHaveFocus());
    await user.keyboard("s390{Enter}");
    expect(app.platform.name).toBe("linux/s390x");
    await user.click(trigger);
    await waitFor(() => expect(screen.getByRole("listbox", { name: "Platform" })).toHaveFocus());
    await user.keyboard("{End}{Enter}");
    expect(app.platform.all).toBe(true);
    await user.click(trigger);
    await waitFor(() => expect(screen.getByRole("listbox", { name: "Platform" })).toHaveFocus());
    await user.keyboard("{Home}{Escape}");
    expect(app.platform.all).toBe(true);
  });
});
