/**
 * The settings that an imported filesystem gets, as lines of a Dockerfile: what `docker import --change` takes. Pure.
 * The words of CMD and ENTRYPOINT become a list, as nothing would split them later; what needs a shell stays as it is.
 */

export type Settings = {
  command: string;
  entrypoint: string;
  /** `NAME=value`, one a line */
  env: string;
  /** `80/tcp 443` */
  expose: string;
  /** `key=value`, one a line */
  label: string;
  user: string;
  /** paths, one a line */
  volume: string;
  workdir: string;
};

export const NO_SETTINGS: Settings = { command: "", entrypoint: "", env: "", expose: "", label: "", user: "", volume: "", workdir: "" };

const lines = (text: string): string[] => text.split("\n").map((line) => line.trim()).filter((line) => line !== "");

/** `/bin/sh -l` as `["/bin/sh","-l"]`; a list that was typed, and what only a shell understands, as it is. */
export function exec(text: string): string {
  const typed = text.trim();
  if (/["'`$&|;<>(){}[\]*?\\#~]/.test(typed)) return typed;
  return JSON.stringify(typed.split(/\s+/));
}

/** `A=b c` as `A="b c"`: a Dockerfile would take the rest for another pair. */
function pair(line: string): string {
  const at = line.indexOf("=");
  const value = line.slice(at + 1);
  if (!/\s/.test(value) || /^".*"$/.test(value)) return line;
  return `${line.slice(0, at)}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

export function changeLines(settings: Settings): string[] {
  const { command, entrypoint, env, expose, label, user, volume, workdir } = settings;
  const found: string[] = [];
  if (entrypoint.trim() !== "") found.push(`ENTRYPOINT ${exec(entrypoint)}`);
  if (command.trim() !== "") found.push(`CMD ${exec(command)}`);
  for (const line of lines(env)) found.push(`ENV ${pair(line)}`);
  if (expose.trim() !== "") found.push(`EXPOSE ${expose.trim().split(/[\s,]+/).join(" ")}`);
  for (const line of lines(label)) found.push(`LABEL ${pair(line)}`);
  if (user.trim() !== "") found.push(`USER ${user.trim()}`);
  for (const line of lines(volume)) found.push(`VOLUME ${JSON.stringify([line])}`);
  if (workdir.trim() !== "") found.push(`WORKDIR ${workdir.trim()}`);
  return found;
}

/** What is wrong with one of them, by its field; null where nothing is. */
export function settingProblem(field: keyof Settings, text: string): string | null {
  switch (field) {
    case "env":
    case "label": {
      const bad = lines(text).find((line) => !/^[^=\s][^=]*=/.test(line));
      return bad === undefined ? null : `\`${bad.slice(0, 60)}\` has no \`=\`: a line is \`NAME=value\``;
    }
    case "expose": {
      const bad = text.trim().split(/[\s,]+/).find((port) => port !== "" && !/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/.test(port));
      return bad === undefined ? null : `\`${bad.slice(0, 60)}\` is no port: write \`80\` or \`53/udp\``;
    }
    case "volume":
    case "workdir": {
      const bad = lines(text).find((path) => !path.startsWith("/"));
      return bad === undefined ? null : `\`${bad.slice(0, 60)}\` does not start with \`/\``;
    }
    case "command":
    case "entrypoint":
    case "user":
      return null;
  }
}
