// Sentences from Rust carry values in backticks: `library`. They are drawn in the machine's type.

export type Run = { text: string; code: boolean };

export function runs(sentence: string): Run[] {
  const parts = sentence.split("`");
  // A lone backtick is text, not the start of a value.
  if (parts.length % 2 === 0) {
    const last = parts.pop() ?? "";
    const before = parts.pop() ?? "";
    parts.push(`${before}\`${last}`);
  }
  return parts.map((text, index) => ({ text, code: index % 2 === 1 })).filter(({ text }) => text !== "");
}
