//! The Dockerfile step behind a line of history: `created_by` as the builders write it, undone.

/// What the classic builder puts in front of every shell command.
const SHELL: &str = "/bin/sh -c ";
const WINDOWS_SHELL: &str = "cmd /S /C ";
const POWERSHELL: &str = "powershell -Command ";
const NOP: &str = "#(nop)";
/// What BuildKit puts after its lines.
const BUILDKIT: &str = "# buildkit";

const INSTRUCTIONS: &[&str] = &[
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Splits a history line into the instruction (`RUN`, `COPY`, … in upper case; empty if it is none that is known)
/// and its arguments. What can't be told apart is returned whole as arguments, never lost.
///
/// | written by | line | is |
/// |---|---|---|
/// | the classic builder | `/bin/sh -c #(nop)  CMD ["nginx"]` | `CMD`, `["nginx"]` |
/// | the classic builder | `/bin/sh -c apt-get update` | `RUN`, `apt-get update` |
/// | the same, with build arguments | <code>\|1 VERSION=2 /bin/sh -c make</code> | `RUN`, `make` |
/// | BuildKit | `RUN /bin/sh -c make # buildkit` | `RUN`, `make` |
pub fn instruction(created_by: &str) -> (String, String) {
    let line = created_by.trim();
    let buildkit = line.strip_suffix(BUILDKIT).map(str::trim_end);
    let line = buildkit.unwrap_or(line);
    if let Some(step) = undo_nop(line) {
        return split_known(step).unwrap_or_else(|| (String::new(), step.to_owned()));
    }
    if let Some(command) = undo_shell(without_build_arguments(line)) {
        return ("RUN".to_owned(), command.to_owned());
    }
    match split_known(line) {
        Some((word, rest)) if word == "RUN" => {
            let command = without_build_arguments(&rest);
            let command = undo_shell(command).unwrap_or(command).to_owned();
            (word, command)
        }
        Some(known) => known,
        None => (String::new(), line.to_owned()),
    }
}

/// `<shell> #(nop) STEP` → `STEP`.
fn undo_nop(line: &str) -> Option<&str> {
    let (shell, step) = line.split_once(NOP)?;
    // Only directly after the shell: a command may well contain the text.
    let shell = shell.trim_end();
    let is_shell =
        shell.is_empty() || [SHELL, WINDOWS_SHELL, POWERSHELL].iter().any(|s| shell == s.trim_end());
    is_shell.then(|| step.trim())
}

fn undo_shell(line: &str) -> Option<&str> {
    [SHELL, WINDOWS_SHELL, POWERSHELL].iter().find_map(|shell| line.strip_prefix(shell)).map(str::trim)
}

/// `|2 A=1 B=two words /bin/sh -c make` → `/bin/sh -c make`. The values are not quoted, so the shell is what marks
/// their end; a line without one is left as it is.
fn without_build_arguments(line: &str) -> &str {
    let counted = line.strip_prefix('|').and_then(|rest| rest.split_once(' '));
    match counted {
        Some((count, rest)) if !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()) => {
            let shell = [SHELL, WINDOWS_SHELL, POWERSHELL].iter().filter_map(|shell| rest.find(shell)).min();
            shell.map_or(line, |at| &rest[at..])
        }
        _ => line,
    }
}

fn split_known(step: &str) -> Option<(String, String)> {
    let (word, rest) = step.split_once(char::is_whitespace).unwrap_or((step, ""));
    let known = INSTRUCTIONS.iter().find(|known| word.eq_ignore_ascii_case(known))?;
    // Instructions are written in upper case by every builder; a command named `add` is a command.
    (word == *known).then(|| (word.to_owned(), rest.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_builders_write() {
        let cases = [
            (r#"/bin/sh -c #(nop)  CMD ["nginx" "-g"]"#, "CMD", r#"["nginx" "-g"]"#),
            ("/bin/sh -c #(nop) ADD file:8eae in / ", "ADD", "file:8eae in /"),
            (
                "/bin/sh -c apt-get update && apt-get install -y x",
                "RUN",
                "apt-get update && apt-get install -y x",
            ),
            ("|2 A=1 B=two words /bin/sh -c make install", "RUN", "make install"),
            ("RUN /bin/sh -c make # buildkit", "RUN", "make"),
            ("RUN |1 VERSION=2 /bin/sh -c make # buildkit", "RUN", "make"),
            ("RUN npm ci", "RUN", "npm ci"),
            ("COPY . /app # buildkit", "COPY", ". /app"),
            ("ENV A=b", "ENV", "A=b"),
            ("EXPOSE map[80/tcp:{}]", "EXPOSE", "map[80/tcp:{}]"),
            ("ENTRYPOINT [\"/docker-entrypoint.sh\"]", "ENTRYPOINT", "[\"/docker-entrypoint.sh\"]"),
            ("cmd /S /C dir", "RUN", "dir"),
            ("cmd /S /C #(nop)  ENV A=b", "ENV", "A=b"),
            ("WORKDIR", "WORKDIR", ""),
            ("/bin/sh -c echo '#(nop) CMD x'", "RUN", "echo '#(nop) CMD x'"),
        ];
        for (line, word, rest) in cases {
            assert_eq!(instruction(line), (word.to_owned(), rest.to_owned()), "{line}");
        }
    }

    #[test]
    fn what_is_unknown_is_kept() {
        for line in ["bazel build ...", "add x", "|x y", "|3 A=1 make", "|", "", "crane append é"] {
            assert_eq!(instruction(line), (String::new(), line.to_owned()), "{line}");
        }
        assert_eq!(instruction("/bin/sh -c #(nop) é"), (String::new(), "é".to_owned()));
    }

    #[test]
    fn a_run_of_several_lines_stays_whole() {
        let line = "RUN /bin/sh -c set -x     && make\n\t&& make install # buildkit";
        assert_eq!(instruction(line).1, "set -x     && make\n\t&& make install");
    }
}
