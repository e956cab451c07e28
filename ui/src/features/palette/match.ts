// Finding a command by a few letters: at the start of words first, then anywhere, then in order.

export type Match = { score: number; /** Ranges to underline, in UTF-16 units. */ marks: [from: number, to: number][] };

export function match(text: string, query: string): Match | null {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return { score: 0, marks: [] };
  const lower = text.toLowerCase();

  const at = lower.indexOf(wanted);
  if (at === 0) return { score: 100, marks: [[0, wanted.length]] };
  const word = wordStart(lower, wanted);
  if (word >= 0) return { score: 80 - Math.min(word, 30), marks: [[word, word + wanted.length]] };

  const words = wanted.split(/\s+/);
  if (words.length > 1) {
    const found = words.map((part) => ({ part, at: wordStart(lower, part) }));
    if (found.every((entry) => entry.at >= 0)) {
      const marks = found.map(({ part, at: from }): [number, number] => [from, from + part.length]);
      return { score: 60, marks: marks.sort((a, b) => a[0] - b[0]) };
    }
  }
  if (at > 0) return { score: 40 - Math.min(at, 20), marks: [[at, at + wanted.length]] };
  return initials(lower, wanted);
}

function wordStart(text: string, query: string, from = 0): number {
  let at = text.indexOf(query, from);
  while (at >= 0) {
    if (at === 0 || /[^a-z0-9]/.test(text[at - 1] ?? "")) return at;
    at = text.indexOf(query, at + 1);
  }
  return -1;
}

/** `pt` finds `Pull this tag`: every letter begins a word. */
function initials(text: string, query: string): Match | null {
  const marks: [number, number][] = [];
  let from = 0;
  for (const letter of query) {
    const at = wordStart(text, letter, from);
    if (at < 0) return null;
    marks.push([at, at + 1]);
    from = at + 1;
  }
  return { score: 20, marks };
}

/** The text cut into plain and marked runs. */
export function split(text: string, marks: Match["marks"]): { text: string; marked: boolean }[] {
  const runs: { text: string; marked: boolean }[] = [];
  let at = 0;
  for (const [from, to] of marks) {
    if (from > at) runs.push({ text: text.slice(at, from), marked: false });
    runs.push({ text: text.slice(Math.max(from, at), to), marked: true });
    at = Math.max(at, to);
  }
  if (at < text.length) runs.push({ text: text.slice(at), marked: false });
  return runs.filter((run) => run.text !== "");
}
