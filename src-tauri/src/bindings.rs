//! The page's TypeScript types, generated from the types that cross and from the one list of commands.
//!
//! `make bindings` rewrites the file; a stale one fails the test.

use std::path::Path;

use ts_rs::{Config, TS};

use crate::commands::signatures;
use crate::wire::all::*;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/ipc/bindings.ts");
const HEAD: &str = "// Generated from src-tauri/src/wire and src-tauri/src/commands/list.rs: `make bindings`. Do not edit.\n";

macro_rules! declarations {
    ($config:expr, $($type:ty),* $(,)?) => {
        [$(declaration(<$type as TS>::docs(), &<$type as TS>::decl($config))),*].concat()
    };
}

#[test]
fn bindings_are_those_of_the_rust_types() {
    let expected = generate();
    if std::env::var_os("LONGSHORE_WRITE_BINDINGS").is_some() {
        std::fs::write(FILE, &expected).expect("the bindings can be written");
        return;
    }
    let found = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    let stale = "ui/src/ipc/bindings.ts is stale: run `make bindings`";
    assert!(found == expected, "{stale}\n{}", first_difference(&found, &expected));
}

#[test]
fn the_page_may_call_every_command_and_nothing_else() {
    let capability: serde_json::Value =
        serde_json::from_str(include_str!("../capabilities/main.json")).expect("the capability is JSON");
    let allowed: Vec<&str> = capability["permissions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|permission| permission.as_str().expect("a name"))
        .collect();
    let config = Config::new();
    let commands: Vec<String> = signatures(&config)
        .iter()
        .map(|command| format!("allow-{}", command.name.replace('_', "-")))
        .collect();
    assert_eq!(allowed, commands);
}

fn generate() -> String {
    let config = Config::new().with_large_int("number");
    let types = declarations!(
        &config,
        Fault,
        FaultCode,
        Remedy,
        RemedyAction,
        KeyValue,
        AppInfo,
        Theme,
        Settings,
        NetworkSettings,
        HostSettings,
        ProxyMode,
        ProxySettings,
        CertificateChain,
        CertificateView,
        SegmentKind,
        Presence,
        Segment,
        TrapCode,
        Trap,
        Breakdown,
        Problem,
        Explanation,
        RegistryKind,
        SignIn,
        RegistryEntry,
        PracticeLayer,
        PracticeImage,
        PracticeShelf,
        Ping,
        LocalImage,
        RemoveReport,
        GarbageReport,
        HashReport,
        LookIn,
        Whence,
        LocalState,
        LayerDetail,
        PlatformEntry,
        HowItRuns,
        RawDocument,
        IndexSummary,
        ManifestSummary,
        ConfigSummary,
        ImageLink,
        ImageDetail,
        PullRequest,
        RowKind,
        RowState,
        TransferRow,
        Wait,
        JobState,
        Verb,
        JobHead,
        JobUpdate,
        JobEnd,
        JobOutcome,
        Origin,
        PushRequest,
        PushPlan,
        PlanAccount,
        BlobFate,
        PlanBlob,
        TagState,
        TagMove,
        PlanPlatform,
        Tagged,
        Vendor,
        Keep,
        KeepOption,
        SignInForm,
        SignInRequest,
        SignInTest,
        SignedIn,
        SignedOut,
        TrailOutcome,
        TrailStep,
        CredentialTrail,
        CatalogPage,
        RepositoryHead,
        RateLimit,
        TagSort,
        TagQuery,
        TagRows,
        DescribedTags,
        TagRow,
        DeleteMode,
        DeletePlan,
        DeleteItem,
        DeleteRequest,
        DeleteReport,
        TagFault,
        ReferrerList,
        ReferrerRow,
        CompareSide,
        Comparison,
        ComparedImage,
        ComparedSide,
        ComparedLayer,
        ComparedField,
        GivenFile,
        FilesEvent,
        ArchiveKind,
        ArchiveEvidence,
        ArchiveView,
        ArchiveImage,
        NameState,
        ArchiveName,
        ArchiveLayer,
        FilesystemView,
        LoadImage,
        LoadRequest,
        ImportRequest,
        SaveSource,
        SavePlan,
        PlannedEntry,
        SaveFormat,
        Squeeze,
        SaveRequest,
        ExportRequest,
        DragItem,
        SavedItem,
        DaemonView,
        DaemonImage,
        MovingName,
        LayersOf,
        TreeProgress,
        IndexedBy,
        OpenedTree,
        TreeHead,
        TreeLayer,
        FileScope,
        FileFilter,
        FileChange,
        FileKind,
        FileContent,
        FileVersionOf,
        FileViewHead,
        FileRows,
        FileRow,
        FoundFile,
        FileDetail,
        FileVersion,
        FilePreview,
        HexPage,
        Package,
        WasteReport,
        WastedFile,
        DuplicateGroup,
        DuplicateFile,
        MapItem,
        FileDifference,
        FileComparison,
        DifferentFile,
        DifferentFiles,
        DiffLine,
        TextDiff,
        Role,
        ExchangeHead,
        Header,
        ExchangeDetail,
    );
    format!("{HEAD}\n{types}{}", commands(&config))
}

fn declaration(docs: Option<String>, declaration: &str) -> String {
    let text = format!("{}export {}\n\n", docs.unwrap_or_default(), declaration.trim_end());
    // A comment on one line stays on one line, and a field with a comment gets a line of its own.
    let one_line = text.replace("/**\n * ", "/** ").replace("\n */\n", " */\n");
    one_line
        .replace(", \n/** ", ",\n  /** ")
        .replace("{ \n/** ", "{\n  /** ")
        .replace(" */\n", " */\n  ")
        .replace(" */\n  export", " */\nexport")
}

fn commands(config: &Config) -> String {
    let mut text = String::from(
        "/** name -> [arguments, result] of every command; `invoke` names are the keys. `unknown` stands for a Tauri channel. */\nexport type Commands = {\n",
    );
    for command in signatures(config) {
        let arguments: Vec<String> =
            command.arguments.iter().map(|(name, kind)| format!("{}: {kind}", camel_case(name))).collect();
        let arguments =
            if arguments.is_empty() { "{}".into() } else { format!("{{ {} }}", arguments.join("; ")) };
        text += &format!("  {}: [{arguments}, {}];\n", command.name, command.answer);
    }
    text + "};\n"
}

/// As Tauri renames the arguments of commands.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        text + &head.to_uppercase() + tail
    })
}

fn first_difference(found: &str, expected: &str) -> String {
    let mut lines = found.lines().zip(expected.lines()).enumerate();
    match lines.find(|(_, (found, expected))| found != expected) {
        Some((at, (found, expected))) => format!("line {}:\n- {found}\n+ {expected}", at + 1),
        None => "one file is longer than the other".to_owned(),
    }
}
