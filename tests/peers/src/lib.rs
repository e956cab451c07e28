//! Longshore against real programs: docker-registry, skopeo, umoci.
