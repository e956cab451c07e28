// Spelling: the name that was probably meant, and where the two differ.

/** How many single-character edits apart, a swap of neighbours counting as one. */
export function distance(a: string, b: string): number {
  const width = b.length + 1;
  const table = Array.from({ length: (a.length + 1) * width }, (_, index) => (index < width ? index : index % width === 0 ? index / width : 0));
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, at(i - 2, j - 2) + 1);
      table[i * width + j] = least;
    }
  }
  return at(a.length, b.length);
}

/** The one name within two edits (one, for short names) that is not the name itself; null where there is none. */
export function nearest(name: string, names: readonly string[]): string | null {
  if (name.length > 128 || name === "") return null;
  const most = name.length < 5 ? 1 : 2;
  let best: { name: string; distance: number } | null = null;
  for (const other of names) {
    if (other === name) return null;
    if (Math.abs(other.length - name.length) > most) continue;
    const edits = distance(name, other);
    if (edits <= most && (best === null || edits < best.distance)) best = { name: other, distance: edits };
  }
  return best?.name ?? null;
}

/** The part of `name` that is not in `meant`: from and to, in UTF-16 units. */
export function difference(name: string, meant: string): { from: number; to: number } {
  let from = 0;
  while (from < name.length && from < meant.length && name[from] === meant[from]) from += 1;
  let tail = 0;
  while (tail < name.length - from && tail < meant.length - from && name[name.length - 1 - tail] === meant[meant.length - 1 - tail]) tail += 1;
  return { from, to: Math.max(name.length - tail, Math.min(from + 1, name.length)) };
}

/** Official images on Docker Hub that are typed most. */
export const OFFICIAL = [
  "alpine", "amazonlinux", "bash", "busybox", "caddy", "cassandra", "consul", "debian", "docker", "eclipse-temurin", "elasticsearch",
  "fedora", "ghost", "golang", "gradle", "haproxy", "hello-world", "httpd", "influxdb", "kong", "mariadb", "maven", "memcached", "mongo",
  "mysql", "nats", "neo4j", "nextcloud", "nginx", "node", "openjdk", "php", "postgres", "python", "rabbitmq", "redis", "registry", "ruby",
  "rust", "sonarqube", "swift", "tomcat", "traefik", "ubuntu", "vault", "wordpress", "zookeeper",
] as const;
