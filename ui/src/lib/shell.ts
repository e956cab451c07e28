// Words of a command line that is copied into a shell.

/** A word as a POSIX shell reads it back: `it's` as `'it'\''s'`, and plain words as they are. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** `docker load -i 'my file.tar'`. */
export const commandLine = (words: readonly string[]): string => words.map(quoted).join(" ");
