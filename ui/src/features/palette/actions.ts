// What the window itself can do, on every page. Pages add their own on top.

import { pullCommand, type App } from "../../state/app.svelte";
import { withoutTag } from "../../lib/segments";
import { rowActions } from "../registries/rowActions";
import type { Action } from "../../state/actions.svelte";

const GROUP = "Anywhere";

export function windowActions(app: App): Action[] {
  const { navigation, settings, jobs } = app;
  const theme = settings.value.theme;
  const actions: Action[] = [
    { id: "palette", title: "Find a command", group: GROUP, icon: "search", keys: "Mod+K", more: "Lists everything that the window can do now.", run: () => (app.paletteOpen = !app.paletteOpen) },
    { id: "reference", title: "Type a reference", group: GROUP, icon: "scan", keys: "Mod+L", more: "Puts the caret into the bar, which takes the reference apart while you type.", run: () => app.focusReference() },
    { id: "platform", title: `Platform: ${app.platform.all ? "all" : app.defaultPlatform}, change for every command`, group: GROUP, icon: "chip", keys: "Mod+P", more: "The platform of the next inspect and pull.", run: () => app.openPlatforms() },
    { id: "wire", title: app.wire.open ? "Close Wire" : "Open Wire", group: GROUP, icon: "activity", keys: "Mod+J", more: "Every request that Longshore sends, and every answer.", run: () => (app.wire.open ? app.closeWire() : app.openWire()) },
    { id: "home", title: "Open practice registry", group: GROUP, icon: "anchor", keys: "Mod+1", run: () => app.go({ kind: "home" }) },
    { id: "images", title: "Show images on this computer", group: GROUP, icon: "layers", keys: "Mod+2", run: () => app.go({ kind: "images" }) },
    { id: "transfers", title: "Show transfers", group: GROUP, icon: "transfers", keys: "Mod+3", run: () => app.go({ kind: "transfers", job: jobs.active[0]?.head.id ?? jobs.all[0]?.head.id ?? null }) },
    { id: "open-file", title: "Open a file…", group: GROUP, icon: "archive", keys: "Mod+O", more: "An image archive or a root filesystem: shows what it holds before anything is taken from it. Dropping it on the window does the same.", run: () => void app.given.open(false) },
    { id: "open-folder", title: "Open a folder…", group: GROUP, icon: "folder", keys: "Mod+Shift+O", more: "An OCI layout as a folder.", run: () => void app.given.open(true) },
    { id: "settings", title: "Open Settings", group: GROUP, icon: "settings", keys: "Mod+,", run: () => app.go({ kind: "settings" }) },
    { id: "sign-in", title: "Sign in to a registry", group: GROUP, icon: "key", more: "What to type for each registry, and where it is kept.", run: () => void app.signIn(null) },
    { id: "add-registry", title: "Add a registry", group: GROUP, icon: "plus", more: "Puts a host into the sidebar, once it answered as a registry.", run: () => void app.dialogs.ask({ kind: "add-registry" }) },
    { id: "refresh", title: "Ask again for what is shown", group: GROUP, icon: "retry", keys: ["Mod+R", "F5"], more: "Reads registries, images and the open page again.", run: () => refresh(app) },
    { id: "shortcuts", title: "Show every shortcut", group: GROUP, icon: "keyboard", keys: "?", run: () => (app.paletteOpen = true, app.paletteQuery = "?") },
    { id: "theme-light", title: "Use the light theme", group: GROUP, icon: "sun", ...note(theme === "light"), run: () => void settings.setTheme("light") },
    { id: "theme-dark", title: "Use the dark theme", group: GROUP, icon: "moon", ...note(theme === "dark"), run: () => void settings.setTheme("dark") },
    { id: "theme-system", title: "Use the theme of the system", group: GROUP, icon: "monitor", ...note(theme === "system"), run: () => void settings.setTheme("system") },
  ];
  if (navigation.canBack) actions.push({ id: "back", title: "Go back", group: GROUP, icon: "back", keys: ["Alt+Left", "Mod+["], run: () => app.back() });
  if (navigation.canForward) actions.push({ id: "forward", title: "Go forward", group: GROUP, icon: "forward", keys: ["Alt+Right", "Mod+]"], run: () => app.forward() });
  if (app.command) actions.push({ id: "copy-command", title: "Copy command line", group: GROUP, icon: "terminal", keys: "Mod+Shift+C", more: app.command, run: () => void copy(app, app.command) });
  for (const { id, name } of app.daemons.value ?? []) actions.push({ id: `daemon ${id}`, title: `Show images of ${name}`, group: GROUP, icon: "box", run: () => app.go({ kind: "daemon", id }) });
  return [...pageActions(app), ...actions, ...registryActions(app)];
}

/** What the menus of the sidebar offer, by name. */
function registryActions(app: App): Action[] {
  return (app.registries.value ?? []).flatMap((entry) =>
    rowActions(app, entry)
      .filter(({ reason }) => !reason)
      .map(({ label, icon, run }): Action => ({ id: `registry ${entry.host} ${label}`, title: `${entry.label}: ${label}`, group: "Registries", icon, run })),
  );
}

function pageActions(app: App): Action[] {
  const { page } = app.navigation;
  if (page.kind !== "image") return [];
  const group = page.input;
  return [
    { id: "page-pull", title: "Pull this image", group, icon: "pull", keys: "Mod+Enter", run: () => void app.pull(page.input, { platform: page.platform }) },
    { id: "page-pull-all", title: "Pull this image for all platforms", group, icon: "boxes", run: () => void app.pull(page.input, { allPlatforms: true }) },
    { id: "page-pull-tags", title: "Pull all tags of this repository", group, icon: "tag", run: () => void app.pull(withoutTag(page.input), { allTags: true }) },
    { id: "page-copy", title: "Copy reference", group, icon: "copy", run: () => void copy(app, page.input) },
    {
      id: "page-copy-pull",
      title: "Copy pull command",
      group,
      icon: "terminal",
      run: () => void copy(app, pullCommand({ input: page.input, platform: page.platform, allPlatforms: false, allTags: false })),
    },
  ];
}

/** Images that are known here, to open by name. */
export function imageActions(app: App): Action[] {
  const seen = new Set<string>();
  const list: Action[] = [];
  for (const image of app.images.value ?? []) {
    if (image.reference === null || seen.has(image.reference)) continue;
    seen.add(image.reference);
    const input = image.reference;
    list.push({ id: `image ${input}`, title: image.familiar, reference: image.familiar, group: "Images and tags", icon: "layers", note: "on this computer", run: () => app.inspect(input, { from: "store" }) });
  }
  for (const image of app.shelf.value?.images ?? []) {
    if (seen.has(image.reference)) continue;
    seen.add(image.reference);
    const { reference } = image;
    list.push({ id: `image ${reference}`, title: reference, reference, group: "Images and tags", icon: "anchor", note: "practice registry", run: () => app.inspect(reference) });
  }
  return list;
}

function note(on: boolean): { note?: string } {
  return on ? { note: "now" } : {};
}

async function copy(app: App, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    app.announce(`Copied ${text}`);
  } catch {
    app.announce("Copying was refused");
  }
}

function refresh(app: App): void {
  void app.registries.refresh();
  void app.info.refresh();
  void app.daemons.refresh();
  app.catalogs.refresh();
  const { page } = app.navigation;
  if (page.kind === "repository") void app.tags(page.input).open();
  app.refreshed += 1;
  app.storeChanged();
}
