//! Repositories: the part of a reference before its tag and digest.

use std::fmt;
use std::str::FromStr;

use crate::parse::{Parsed, parse, parse_lone_path};
use crate::reference::{ReferenceProblem, ReferenceProblemKind};
use crate::registry::HUB;
pub use crate::registry::Registry;

/// The namespace of Docker Hub's official images.
pub(crate) const LIBRARY: &str = "library";

/// A repository: a registry and a path in it. Displays in full, `docker.io/library/nginx`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName {
    registry: Registry,
    path: Box<str>,
}

impl RepositoryName {
    /// `path` in `registry`. On Docker Hub a path of one part gets `library/` in front, as in a reference:
    /// else the name would not mean the same when it is printed and read again.
    ///
    /// # Errors
    /// A path that is no path by the grammar, or longer than 255 bytes; the span is in `path`.
    pub fn new(registry: Registry, path: &str) -> Result<Self, ReferenceProblem> {
        let add_library = registry.as_str() == HUB && !path.contains('/');
        parse_lone_path(path, add_library)?;
        let path = if add_library { format!("{LIBRARY}/{path}") } else { path.to_owned() };
        Ok(RepositoryName { registry, path: path.into() })
    }

    /// From parts that the parser has checked.
    pub(crate) fn checked(registry: Registry, path: String) -> Self {
        RepositoryName { registry, path: path.into() }
    }

    /// The registry that keeps it.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Namespace and repository: `library/nginx`, the name in the registry's API.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path without its last part: `library`, `a/b`, or nothing.
    pub fn namespace(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// The last part of the path: `nginx`.
    pub fn repository(&self) -> &str {
        self.path.rsplit_once('/').map_or(&self.path, |(_, repository)| repository)
    }

    /// The short form that Docker prints: `nginx`, `username/myapp`, `ghcr.io/owner/image`.
    pub fn familiar(&self) -> String {
        if self.registry.as_str() != HUB {
            return self.to_string();
        }
        match self.path.strip_prefix("library/") {
            Some(rest) if !rest.contains('/') => rest.to_owned(),
            _ => self.path.to_string(),
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.registry.is_unnamed() {
            f.write_str(&self.path)
        } else {
            write!(f, "{}/{}", self.registry, self.path)
        }
    }
}

impl FromStr for RepositoryName {
    type Err = ReferenceProblem;

    /// Reads a name as a reference is read (`nginx` is `docker.io/library/nginx`), without tag and digest.
    fn from_str(input: &str) -> Result<Self, ReferenceProblem> {
        let Parsed { repository, tag, digest, suffix, .. } = parse(input)?;
        if tag.is_some() || digest.is_some() {
            return Err(ReferenceProblem {
                kind: ReferenceProblemKind::NotARepository,
                message: "a repository is named without tag and digest".to_owned(),
                hint: Some(format!("try `{}`", &input[..suffix])),
                span: suffix..input.len(),
            });
        }
        Ok(repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_repository() {
        let cases = [
            ("nginx", "docker.io/library/nginx", "library", "nginx", "nginx"),
            ("username/myapp", "docker.io/username/myapp", "username", "myapp", "username/myapp"),
            ("ghcr.io/a/b/c", "ghcr.io/a/b/c", "a/b", "c", "ghcr.io/a/b/c"),
            ("localhost:5000/app", "localhost:5000/app", "", "app", "localhost:5000/app"),
            ("docker.io/library/a/b", "docker.io/library/a/b", "library/a", "b", "library/a/b"),
        ];
        for (input, full, namespace, repository, familiar) in cases {
            let name: RepositoryName = input.parse().unwrap();
            assert_eq!(name.to_string(), full);
            assert_eq!(name.namespace(), namespace, "{input}");
            assert_eq!(name.repository(), repository, "{input}");
            assert_eq!(name.familiar(), familiar, "{input}");
        }
        let problem = "nginx:1.25".parse::<RepositoryName>().unwrap_err();
        assert_eq!((problem.span, problem.hint.as_deref()), (5..10, Some("try `nginx`")));
        assert!("nginx@sha256:0".parse::<RepositoryName>().is_err());
    }

    #[test]
    fn a_name_without_a_registry_reaches_nothing() {
        let name: RepositoryName = "my_host.example/app".parse().unwrap();
        assert!(name.registry().is_unnamed());
        assert_eq!(name.to_string(), "my_host.example/app");
        assert_eq!(name.path(), "my_host.example/app");
        assert_eq!(name.registry().api_host(), "no-registry.invalid");
        assert_eq!(name.registry().host(), "no-registry.invalid");
        assert!(!name.registry().is_loopback());
    }

    #[test]
    fn a_name_from_parts() {
        let name = RepositoryName::new(Registry::docker_hub(), "nginx").unwrap();
        assert_eq!(name.to_string(), "docker.io/library/nginx");
        let ghcr = Registry::parse("ghcr.io").unwrap();
        assert_eq!(RepositoryName::new(ghcr.clone(), "nginx").unwrap().to_string(), "ghcr.io/nginx");
        for bad in ["", "A", "a//b", "a/", "a:b", "a@b", "../x"] {
            assert!(RepositoryName::new(ghcr.clone(), bad).is_err(), "{bad}");
        }
        assert!(RepositoryName::new(ghcr.clone(), &"a".repeat(255)).is_ok());
        assert!(RepositoryName::new(ghcr, &"a".repeat(256)).is_err());
        assert!(RepositoryName::new(Registry::docker_hub(), &"a".repeat(248)).is_err(), "`library/` counts");
    }
}
