// Keyboard shortcuts: written once as `Mod+K`, matched and drawn for the system at hand.

export const isMac: boolean = typeof navigator !== "undefined" && /mac/i.test(navigator.userAgent);

const CAPS: Record<string, string> = { Enter: "↵", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Left: "←", Right: "→" };

/** `Mod+K` → `["Ctrl", "K"]`, on macOS `["⌘", "K"]`. */
export function keyCaps(keys: string, mac: boolean = isMac): string[] {
  return keys.split("+").map((key) => {
    if (key === "Mod") return mac ? "⌘" : "Ctrl";
    if (key === "Alt") return mac ? "⌥" : "Alt";
    return CAPS[key] ?? key;
  });
}

/** Whether an event is this shortcut, with no other modifier held. */
export function matches(event: KeyboardEvent, keys: string, mac: boolean = isMac): boolean {
  const parts = keys.split("+");
  const key = parts[parts.length - 1] ?? "";
  const wants = (name: string) => parts.slice(0, -1).includes(name);
  const mod = mac ? event.metaKey : event.ctrlKey;
  const other = mac ? event.ctrlKey : event.metaKey;
  if (mod !== wants("Mod") || other || event.altKey !== wants("Alt")) return false;
  // `?` is typed with Shift on most layouts, so Shift counts only with letters and named keys.
  if (/^[\w]/.test(key) && event.shiftKey !== wants("Shift")) return false;
  const name = { Left: "ArrowLeft", Right: "ArrowRight" }[key] ?? key;
  return event.key.toLowerCase() === name.toLowerCase();
}

/** True while the event comes from a place where letters are text. */
export function isTyping(event: Event): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
}
