use super::*;

fn subject(name: &str, action: Action) -> Subject {
    let repository: oci::name::RepositoryName = name.parse().unwrap();
    let selector = (action == Action::Pull).then(|| "1.25".to_owned());
    Subject { registry: repository.registry().clone(), repository: Some(repository), selector, action }
}

fn answered(status: u16, code: &str, message: &str, wait: Option<u64>) -> Detail {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Detail::Answer { status, code: text(code), message: text(message), wait }
}

fn error(code: Code, about: Subject, detail: Option<Detail>) -> Error {
    let error = Error::new(code, "x").about(about);
    if let Some(detail) = detail { error.with_detail(detail) } else { error }
}

#[test]
fn every_code_has_a_remedy_that_can_be_shown() {
    let actions = [Action::Pull, Action::Push, Action::Delete, Action::List, Action::SignIn];
    let hosts = [
        "nginx",
        "ghcr.io/a/b",
        "1.dkr.ecr.eu-west-1.amazonaws.com/a",
        "r.azurecr.io/a",
        "eu-docker.pkg.dev/p/r/i",
    ];
    let hosts = hosts.iter().chain(&["quay.io/a/b", "registry.gitlab.com/g/p", "registry.test:5000/a/b"]);
    for name in hosts {
        for action in actions {
            for code in Code::ALL {
                for signed_in in [None, Some("ann")] {
                    let error = error(*code, subject(name, action), None);
                    let remedies = remedies(&error, signed_in);
                    assert!(!remedies.is_empty(), "{code:?} {name} {action:?}");
                    for remedy in remedies {
                        let shown = format!("{code:?} {name} {action:?}: {remedy:?}");
                        assert!(!remedy.cause.is_empty() && !remedy.cause.ends_with('.'), "{shown}");
                        assert_eq!(remedy.label.is_empty(), remedy.action == RemedyAction::None, "{shown}");
                        let on_a_host = matches!(
                            remedy.action,
                            RemedyAction::SignIn | RemedyAction::PlainHttp | RemedyAction::TrustCertificate
                        );
                        assert!(!on_a_host || remedy.target.is_some(), "{shown}");
                    }
                }
            }
        }
    }
    for code in Code::ALL {
        assert!(!remedies(&Error::new(*code, "x"), None).is_empty(), "{code:?}, about nothing");
    }
}

#[test]
fn the_likeliest_comes_first() {
    use Action::{List, Pull, Push};
    use RemedyAction as Do;
    let denied = || answered(403, "DENIED", "denied", None);
    let edit = || Do::EditReference { suggestion: None };
    let unknown = |name: &str| answered(404, "NAME_UNKNOWN", name, None);
    let ecr = "1.dkr.ecr.eu-west-1.amazonaws.com/team/app";
    let rows = [
        (
            "Docker Hub, missing or private",
            Code::AuthRequired,
            "ngnix",
            Pull,
            None,
            None,
            vec![edit(), Do::SignIn, edit()],
            "spelled",
        ),
        (
            "another, anonymous",
            Code::AuthRequired,
            "ghcr.io/a/b",
            Pull,
            None,
            None,
            vec![Do::SignIn, edit()],
            "read:packages",
        ),
        (
            "another, signed in",
            Code::AuthRefused,
            "ghcr.io/a/b",
            Pull,
            Some(denied()),
            Some("ann"),
            vec![Do::SignIn, edit()],
            "`ann` has no access",
        ),
        (
            "ghcr, a push",
            Code::AuthRefused,
            "ghcr.io/a/b",
            Push,
            Some(denied()),
            Some("ann"),
            vec![Do::SignIn, edit()],
            "write:packages",
        ),
        (
            "Azure, a push",
            Code::AuthRefused,
            "r.azurecr.io/a",
            Push,
            Some(denied()),
            Some("ann"),
            vec![Do::SignIn, edit()],
            "AcrPush",
        ),
        (
            "GitLab, a push",
            Code::AuthRefused,
            "registry.gitlab.com/g/p",
            Push,
            Some(denied()),
            Some("ann"),
            vec![Do::SignIn, edit()],
            "write_registry",
        ),
        (
            "Quay, a push",
            Code::AuthRefused,
            "quay.io/a/b",
            Push,
            Some(denied()),
            Some("ann"),
            vec![Do::SignIn, edit()],
            "Write",
        ),
        (
            "Google, a push",
            Code::AuthRefused,
            "eu-docker.pkg.dev/p/r/i",
            Push,
            Some(denied()),
            Some("ann"),
            vec![Do::SignIn, Do::CreateRepository],
            "artifactregistry.writer",
        ),
        (
            "Amazon, no such repository",
            Code::NotFound,
            ecr,
            Push,
            Some(unknown("x")),
            Some("AWS"),
            vec![Do::CreateRepository],
            "before the first push",
        ),
        (
            "Harbor, no such project",
            Code::NotFound,
            "harbor.test/team/app",
            Push,
            Some(unknown("x")),
            None,
            vec![Do::None],
            "`team` must be created",
        ),
        (
            "no such repository",
            Code::NotFound,
            "r.test/a/b",
            Pull,
            Some(unknown("x")),
            None,
            vec![edit(), Do::SignIn],
            "no such repository",
        ),
        (
            "no such tag",
            Code::NotFound,
            "r.test/a/b",
            Pull,
            Some(answered(404, "MANIFEST_UNKNOWN", "", None)),
            None,
            vec![edit()],
            "no such tag",
        ),
        (
            "a limit with its end",
            Code::RateLimited,
            "nginx",
            Pull,
            Some(answered(429, "TOOMANYREQUESTS", "", Some(7))),
            None,
            vec![Do::Wait { seconds: 7 }, Do::SignIn],
            "one too many",
        ),
        (
            "a limit without one",
            Code::RateLimited,
            "nginx",
            Pull,
            Some(answered(429, "TOOMANYREQUESTS", "", None)),
            None,
            vec![Do::SignIn, Do::Wait { seconds: 60 }],
            "more often",
        ),
        (
            "an unknown authority",
            Code::TlsFailed,
            "r.test/a",
            Pull,
            Some(Detail::Certificate(CertificateFlaw::UnknownAuthority)),
            None,
            vec![Do::TrustCertificate],
            "of its own",
        ),
        (
            "expired",
            Code::TlsFailed,
            "r.test/a",
            Pull,
            Some(Detail::Certificate(CertificateFlaw::Expired)),
            None,
            vec![Do::Retry, Do::TrustCertificate],
            "clock",
        ),
        (
            "no TLS",
            Code::PlainHttpRefused,
            "r.test/a",
            Pull,
            Some(Detail::NoTls),
            None,
            vec![Do::PlainHttp],
            "does not speak TLS",
        ),
        (
            "it hangs up on TLS",
            Code::Unreachable,
            "r.test/a",
            Pull,
            Some(Detail::NoTls),
            None,
            vec![Do::PlainHttp, Do::Retry],
            "does not speak TLS",
        ),
        (
            "the proxy",
            Code::Unreachable,
            "r.test/a",
            Pull,
            Some(Detail::Proxy),
            None,
            vec![Do::OpenSettings, Do::Retry],
            "proxy",
        ),
        (
            "a token server elsewhere",
            Code::RealmRefused,
            "r.test/a",
            Pull,
            Some(Detail::Realm("auth.test".into())),
            None,
            vec![Do::TrustRealm { host: "auth.test".into() }],
            "`auth.test`",
        ),
        (
            "a body that is too large",
            Code::RegistryRefused,
            "r.test/a",
            Push,
            Some(answered(413, "", "", None)),
            None,
            vec![Do::None],
            "client_max_body_size",
        ),
        (
            "Docker Hub has no catalog",
            Code::CatalogUnavailable,
            "nginx",
            List,
            None,
            None,
            vec![edit()],
            "Type the name",
        ),
        (
            "a catalog for administrators",
            Code::CatalogUnavailable,
            "r.test/a",
            List,
            None,
            None,
            vec![edit(), Do::SignIn],
            "Type the name",
        ),
        (
            "another platform",
            Code::PlatformMissing,
            "nginx",
            Pull,
            None,
            None,
            vec![Do::ChoosePlatform],
            "platforms",
        ),
        ("a full disk", Code::StoreFull, "nginx", Pull, None, None, vec![Do::FreeSpace, Do::Retry], "full"),
    ];
    for (name, code, about, action, detail, signed_in, want, says) in rows {
        let found = remedies(&error(code, subject(about, action), detail), signed_in);
        let actions: Vec<&RemedyAction> = found.iter().map(|remedy| &remedy.action).collect();
        assert_eq!(actions, want.iter().collect::<Vec<_>>(), "{name}");
        assert!(found[0].cause.contains(says), "{name}: {found:?}");
    }
}

#[test]
fn a_push_to_somebody_elses_namespace_is_offered_ones_own() {
    let refused = error(
        Code::AuthRefused,
        subject("library/nginx", Action::Push),
        Some(answered(401, "DENIED", "", None)),
    );
    let found = remedies(&refused, Some("ann"));
    assert_eq!(found[0].target.as_deref(), Some("ann/nginx"));
    assert_eq!(found[0].label, "Push to ann/nginx");
    assert!(found[1].cause.contains("`library` is not that of `ann`"), "{found:?}");
    let own = error(Code::AuthRefused, subject("ann/nginx", Action::Push), None);
    assert_eq!(remedies(&own, Some("ann")).len(), 1, "it is one's own already");
}

#[test]
fn the_command_that_creates_a_repository_is_the_vendors() {
    let rows = [
        (
            "1.dkr.ecr.eu-west-1.amazonaws.com/team/app",
            Some("aws ecr create-repository --region eu-west-1 --repository-name team/app"),
        ),
        (
            "public.ecr.aws/alias/app",
            Some("aws ecr-public create-repository --region us-east-1 --repository-name app"),
        ),
        (
            "europe-west1-docker.pkg.dev/project/images/app",
            Some(
                "gcloud artifacts repositories create images --project=project --location=europe-west1 --repository-format=docker",
            ),
        ),
        ("quay.io/team/app", None),
    ];
    for (name, want) in rows {
        let missing =
            error(Code::NotFound, subject(name, Action::Push), Some(answered(404, "NAME_UNKNOWN", "", None)));
        assert_eq!(remedies(&missing, None)[0].target.as_deref(), want, "{name}");
    }
}

#[test]
fn what_docker_says_is_what_docker_says() {
    use Action::{Pull, Push};
    let denied = "pull access denied for ngnix, repository does not exist or may require 'docker login': denied: requested access to the resource is denied";
    let rows = [
        ("missing or private", Code::AuthRequired, "ngnix", Pull, Some(answered(401, "UNAUTHORIZED", "authentication required", None)), format!("Error response from daemon: {denied}")),
        ("a tag", Code::NotFound, "nginx", Pull, Some(answered(404, "MANIFEST_UNKNOWN", "manifest unknown", None)), "Error response from daemon: manifest for nginx:1.25 not found: manifest unknown: manifest unknown".into()),
        ("a repository", Code::NotFound, "r.test/a/b", Pull, Some(answered(404, "NAME_UNKNOWN", "repository name not known to registry", None)), "Error response from daemon: repository r.test/a/b not found: name unknown: repository name not known to registry".into()),
        ("a push that is not allowed", Code::AuthRefused, "library/nginx", Push, Some(answered(401, "DENIED", "", None)), "denied: requested access to the resource is denied".into()),
        ("a push to what is not there", Code::NotFound, "r.test/a", Push, Some(answered(404, "NAME_UNKNOWN", "The repository with name 'a' does not exist", None)), "name unknown: The repository with name 'a' does not exist".into()),
        ("the limit", Code::RateLimited, "nginx", Pull, Some(answered(429, "TOOMANYREQUESTS", "You have reached your limit", None)), "Error response from daemon: toomanyrequests: You have reached your limit".into()),
        ("refused", Code::Unreachable, "r.test/a", Pull, Some(Detail::NothingListens), "Error response from daemon: Get \"https://r.test/v2/\": dial tcp r.test:443: connect: connection refused".into()),
        ("no such name", Code::Unreachable, "r.test:5000/a", Pull, Some(Detail::NoSuchName), "Error response from daemon: Get \"https://r.test:5000/v2/\": dial tcp: lookup r.test: no such host".into()),
        ("an unknown authority", Code::TlsFailed, "r.test/a", Pull, Some(Detail::Certificate(CertificateFlaw::UnknownAuthority)), "Error response from daemon: Get \"https://r.test/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority".into()),
        ("plain HTTP", Code::PlainHttpRefused, "r.test/a", Pull, Some(Detail::NoTls), "Error response from daemon: Get \"https://r.test/v2/\": http: server gave HTTP response to HTTPS client".into()),
        ("trouble", Code::RegistryFailed, "r.test/a", Pull, Some(answered(502, "", "", None)), "Error response from daemon: received unexpected HTTP status: 502 Bad Gateway".into()),
    ];
    for (name, code, about, action, detail, want) in rows {
        assert_eq!(docker_says(&error(code, subject(about, action), detail)), Some(want), "{name}");
    }
    assert_eq!(docker_says(&error(Code::Cancelled, subject("nginx", Pull), None)), None);
    assert_eq!(docker_says(&Error::new(Code::NotFound, "x")), None, "about nothing");
}

#[test]
fn what_a_cause_knows_counts_and_survives_a_copy() {
    let inner = error(Code::NotFound, subject("nginx", Action::Pull), Some(Detail::NoTls));
    let outer = Error::new(Code::AuthRequired, "told otherwise").with_source(inner);
    for error in [outer.copy(), outer] {
        assert_eq!(error.detail(), Some(&Detail::NoTls));
        assert_eq!(error.subject(), Some(&subject("nginx", Action::Pull)));
    }
}
