/**
 * Which exchanges belong to what is on screen: those of the transfer that is shown, or those that began since the
 * page was opened. Turning to another tab or platform of an image stays within its page.
 */
import { untrack } from "svelte";
import type { ExchangeHead } from "../../ipc/bindings";
import type { App } from "../../state/app.svelte";
import type { Page } from "../../state/navigation.svelte";

export type Scope = { heads: ExchangeHead[]; /** `pull nginx:1.25`, for the panel's head */ title: string; all: boolean };

const pageKey = (page: Page) => JSON.stringify(page.kind === "image" ? [page.kind, page.input, page.from] : [page.kind]);

/** Id of the last exchange that began before the open page did. */
export type Mark = () => number;

const marks = new WeakMap<App, Mark>();

/** The window's mark; the strip and the panel share it, and it outlives both. */
export function markOf(app: App): Mark {
  let mark = marks.get(app);
  if (!mark) {
    mark = makeMark(app);
    marks.set(app, mark);
  }
  return mark;
}

function makeMark(app: App): Mark {
  let mark: Mark = () => 0;
  $effect.root(() => {
    const key = $derived(pageKey(app.navigation.page));
    let last: string | null = null;
    let id = 0;
    // Asked when the page changes, and only then: later exchanges belong to the page. What went before any page was
    // opened belongs to the first one.
    const before = $derived.by(() => {
      if (key !== last) {
        id = last === null ? 0 : untrack(() => app.exchanges.latest?.id ?? 0);
        last = key;
      }
      return id;
    });
    mark = () => before;
    // Read at every change, or it would be asked too late.
    $effect(() => {
      mark();
    });
  });
  return mark;
}

/** The job whose exchanges the panel shows; null on other pages. */
function shownJob(app: App): { id: number; title: string } | null {
  const { page } = app.navigation;
  if (page.kind !== "transfers") return null;
  const job = (page.job === null ? null : app.jobs.get(page.job)) ?? app.jobs.active[0] ?? app.jobs.all[0];
  return job ? { id: job.head.id, title: `${job.head.verb} ${job.head.title}` } : null;
}

export function scopeOf(app: App, mark: number, everything: boolean): Scope {
  const { list } = app.exchanges;
  if (everything) return { heads: list, title: "everything", all: true };
  const job = shownJob(app);
  const { page } = app.navigation;
  const heads = job
    ? list.filter((head) => head.job === job.id)
    : list.filter((head) => head.job === null && head.id > mark);
  const title = job?.title ?? (page.kind === "image" ? `inspect ${page.input}` : "this page");

  // A failure may point at an exchange of another page: then that one's conversation is what was asked for.
  const { selected } = app.wire;
  if (selected !== null && !heads.some((head) => head.id === selected)) {
    const asked = list.find((head) => head.id === selected);
    if (asked) {
      const own = list.filter((head) => head.job === asked.job && (asked.job !== null || head.id > mark || head.id === asked.id));
      const of = asked.job === null ? null : app.jobs.get(asked.job);
      return { heads: own, title: of ? `${of.head.verb} ${of.head.title}` : title, all: false };
    }
  }
  return { heads, title, all: false };
}

/** The step to explain while none was chosen: what failed, else the last answer that was more than bytes. */
export function defaultStep(heads: readonly ExchangeHead[]): number | null {
  const failed = heads.findLast((head) => head.failed);
  const spoke = heads.findLast((head) => !head.live && head.role === "registry" && head.path.includes("/manifests/"));
  return (failed ?? spoke ?? heads.at(-1))?.id ?? null;
}
