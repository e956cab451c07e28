//! What the window's source keeps to.

use regex::Regex;

use crate::File;

/// Tauri is imported in one file, and its test.
pub fn one_door_to_tauri(files: &[File]) -> Vec<String> {
    let import =
        Regex::new(r#"\b(?:from|import|import\(|mock\()\s*['"]@tauri-apps/"#).expect("the pattern is sound");
    let doors = ["ui/src/ipc/tauri.ts", "ui/src/ipc/tauri.test.ts"];
    find(
        files,
        |file| !doors.contains(&file.path.as_str()),
        &import,
        "only ui/src/ipc/tauri.ts imports Tauri",
    )
}

/// Text from a registry is text.
pub fn no_html(files: &[File]) -> Vec<String> {
    let html =
        Regex::new(r"\{@html|\b(?:inner|outer)HTML\b|\binsertAdjacentHTML\b").expect("the pattern is sound");
    find(files, |file| !file.path.ends_with(".test.ts"), &html, "text is never HTML")
}

/// Literal colours live in tokens.css alone.
pub fn colours_are_tokens(files: &[File]) -> Vec<String> {
    let in_styles = Regex::new(
        r"(?i)[:\s,(]#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(\s*[\d.]|(?:color|background|border|fill|stroke|shadow|outline)[\w-]*\s*:[^;]*\b(?:white|black|red|green|blue|orange|yellow|gr[ae]y|purple|pink|brown)\b",
    )
    .expect("the pattern is sound");
    let in_markup = Regex::new(
        r##"(?i)\b(?:fill|stroke|color|stop-color|flood-color)=["'](?:#[0-9a-f]{3,8}\b|rgb|hsl|white|black|red|green|blue|orange|gr[ae]y)"##,
    )
    .expect("the pattern is sound");
    // A token's name may hold a colour's: `var(--blue)` is no literal.
    let token = Regex::new(r"--[\w-]+").expect("the pattern is sound");
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("ui/src/")) {
        let is_css = file.has_extension(&["css"]);
        if file.path.ends_with("/tokens.css") || !(is_css || file.has_extension(&["svelte"])) {
            continue;
        }
        let (mut in_style, mut in_comment) = (is_css, false);
        for (line, text) in file.lines() {
            in_style |= text.contains("<style");
            let text = uncommented(text, &mut in_comment);
            let text = token.replace_all(&text, "--x");
            let found = if in_style { in_styles.find(&text) } else { in_markup.find(&text) };
            if let Some(hit) = found {
                let hit = hit.as_str().trim();
                problems
                    .push(format!("{}:{line}: `{hit}`: literal colours live in tokens.css alone", file.path));
            }
            in_style &= is_css || !text.contains("</style");
        }
    }
    problems
}

/// The line without what CSS comments hold.
fn uncommented(line: &str, in_comment: &mut bool) -> String {
    let mut rest = line;
    let mut kept = String::new();
    loop {
        let mark = if *in_comment { "*/" } else { "/*" };
        let Some((before, after)) = rest.split_once(mark) else {
            if !*in_comment {
                kept.push_str(rest);
            }
            return kept;
        };
        if !*in_comment {
            kept.push_str(before);
        }
        *in_comment = !*in_comment;
        rest = after;
    }
}

fn find(files: &[File], applies: impl Fn(&File) -> bool, pattern: &Regex, rule: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        if file.path.starts_with("ui/src/") && file.has_extension(&["ts", "js", "svelte"]) && applies(file) {
            for (line, text) in file.lines() {
                if let Some(hit) = pattern.find(text) {
                    problems.push(format!("{}:{line}: `{}`: {rule}", file.path, hit.as_str()));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_door_is_found() {
        let import = "import { invoke } from \"@tauri-apps/api/core\";";
        let dynamic = "const t = await import('@tauri-apps/api/event');";
        for text in [import, dynamic] {
            assert_eq!(one_door_to_tauri(&[File::new("ui/src/state/jobs.svelte.ts", text)]).len(), 1);
            assert_eq!(one_door_to_tauri(&[File::new("ui/src/App.svelte", text)]).len(), 1);
            assert!(one_door_to_tauri(&[File::new("ui/src/ipc/tauri.ts", text)]).is_empty());
            let word = "expect(text.includes('\"@tauri-apps/')).toBe(false);";
            assert!(one_door_to_tauri(&[File::new("ui/src/a.test.ts", word)]).is_empty());
        }
    }

    #[test]
    fn html_is_found() {
        for text in ["<p>{@html label}</p>", "node.innerHTML = label;"] {
            assert_eq!(
                no_html(&[File::new("ui/src/features/image/ImagePage.svelte", text)]).len(),
                1,
                "{text}"
            );
        }
        assert!(no_html(&[File::new("ui/src/a.svelte", "{#if html}{label}{/if}")]).is_empty());
    }

    #[test]
    fn literal_colours_are_found() {
        for (path, text) in [
            ("ui/src/design/base.css", "a { color: #ff8800; }"),
            ("ui/src/design/base.css", "a { background: rgba(0, 0, 0, 0.5); }"),
            ("ui/src/design/base.css", "a { border: 1px solid white; }"),
            ("ui/src/A.svelte", "<p>x</p>\n<style>\np { color: #FFF }\n</style>"),
            ("ui/src/A.svelte", "<svg fill=\"#123456\"></svg>"),
        ] {
            assert_eq!(colours_are_tokens(&[File::new(path, text)]).len(), 1, "{text}");
        }
        for (path, text) in [
            ("ui/src/design/tokens.css", "--x: #ff8800;"),
            (
                "ui/src/design/base.css",
                "/* #fff,\n white: color */ a { color: var(--blue); white-space: nowrap; }",
            ),
            ("ui/src/A.svelte", "{#each rows as row}<a href=\"#add\">#add</a>{/each} a: white"),
            ("ui/src/A.svelte", "<style>\n#add { color: rgb(var(--c)); }\n</style>"),
            ("ui/src/a.ts", "const sample = \"#ffffff\";"),
        ] {
            assert_eq!(colours_are_tokens(&[File::new(path, text)]), Vec::<String>::new(), "{text}");
        }
    }
}
