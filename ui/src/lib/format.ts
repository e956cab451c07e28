// Numbers and times as the screens write them: decimal units, plain words.

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** The figure and its unit apart, for places that set the unit in grey. Decimal: 1 kB is 1000 B. */
export function byteParts(bytes: number): { figure: string; unit: string } {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.5 would round to 1000, so it moves on to the next unit.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  // Three digits say enough: 8.8, 71.0, 420.
  return { figure: unit === 0 || value >= 99.95 ? String(Math.round(value)) : value.toFixed(1), unit: UNITS[unit] ?? "B" };
}

/** `8.8 MB`, `627 B`. */
export function bytes(count: number): string {
  const { figure, unit } = byteParts(count);
  return `${figure} ${unit}`;
}

/** `12.3 / 41.4 MB`; both units are named where they differ. */
export function bytesOf(done: number, total: number): string {
  const whole = byteParts(total);
  const part = byteParts(done);
  if (part.unit === whole.unit) return `${part.figure} / ${whole.figure} ${whole.unit}`;
  return `${part.figure} ${part.unit} / ${whole.figure} ${whole.unit}`;
}

/** `11.8 MB/s`. */
export function rate(bytesPerSecond: number): string {
  return `${bytes(bytesPerSecond)}/s`;
}

const THOUSANDS = new Intl.NumberFormat("en-US");

/** `1,036`. */
export function count(value: number): string {
  return THOUSANDS.format(value);
}

/** `1 layer`, `8 layers`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** `three` up to ten, digits above. */
export function inWords(value: number): string {
  return WORDS[value] ?? count(value);
}

/** How long something took, from milliseconds: `84 ms`, `6.1 s`, `2 min 5 s`, `1 h 4 min`. */
export function elapsed(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** What is left, from seconds, rounded as an estimate is: `about 3 s left`. */
export function remaining(seconds: number): string {
  if (seconds < 1) return "about 1 s left";
  if (seconds < 20) return `about ${Math.ceil(seconds)} s left`;
  if (seconds < 57) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  if (seconds < 3570) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${Math.round(seconds / 3600)} h left`;
}

const STEPS: [limit: number, size: number, name: string][] = [
  [3600, 60, "minute"],
  [86_400, 3600, "hour"],
  [7 * 86_400, 86_400, "day"],
  [31 * 86_400, 7 * 86_400, "week"],
  [365 * 86_400, 30.44 * 86_400, "month"],
  [Infinity, 365.25 * 86_400, "year"],
];

/** `2 days ago`, `in the future` for a clock that is off; null for a date that can't be read. */
export function ago(iso: string, now: number = Date.now()): string | null {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return null;
  const seconds = (now - at) / 1000;
  if (seconds < -300) return "in the future";
  if (seconds < 60) return "just now";
  for (const [limit, size, name] of STEPS) {
    if (seconds < limit) return `${plural(Math.max(1, Math.floor(seconds / size)), name)} ago`;
  }
  return null;
}

/** `2026-05-03 14:02 UTC`, for tooltips; the text as it came where it is no date. */
export function timestamp(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The first twelve hex digits, as Docker prints them. */
export function shortDigest(digest: string, length = 12): string {
  const hex = digest.slice(digest.indexOf(":") + 1);
  return hex.slice(0, length);
}

/** Cuts text that is too long to draw; what was left out is said. */
export function cut(text: string, most = 4096): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most)}… (${count(text.length - most)} more characters)`;
}
