// The line of a terminal that signs in or out. The secret is read from standard input, so that no shell remembers it.

const quoted = (word: string) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Docker Hub needs no host. */
export function loginCommand(host: string, username: string): string {
  return ["docker login", ...(host === "docker.io" ? [] : [quoted(host)]), "-u", username === "" ? "USER" : quoted(username), "--password-stdin"].join(" ");
}

export function logoutCommand(host: string): string {
  return host === "docker.io" ? "docker logout" : `docker logout ${quoted(host)}`;
}
