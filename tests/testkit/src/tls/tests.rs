use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rustls::pki_types::{ServerName, pem::PemObject as _};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;
use crate::auth::Guard;
use crate::registry::Registry;

/// The answer to a ping by a client that trusts `roots`, or why there is none.
fn ping(registry: &Registry, roots: &[&Authority]) -> Result<String, String> {
    let roots: Vec<&str> = roots.iter().map(|root| root.pem()).collect();
    ask_tls(registry.address(), "127.0.0.1", &roots, "GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n")
}

/// The answer of a server to these bytes, by a client that trusts these roots (PEM), or why there is none.
pub(crate) fn ask_tls(
    address: std::net::SocketAddr,
    name: &str,
    roots: &[&str],
    request: &str,
) -> Result<String, String> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(CertificateDer::from_pem_slice(root.as_bytes()).unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        Ok(_) => Ok(answer),
        Err(_) if !answer.is_empty() => Ok(answer),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn certificates_are_good_expired_or_anothers() {
    let authority = Authority::new();
    let stranger = Authority::new();
    for (tls, roots, expected) in [
        (authority.loopback(), vec![&authority], Ok("HTTP/1.1 200 OK")),
        (authority.loopback(), vec![&stranger], Err("UnknownIssuer")),
        (authority.expired(), vec![&authority], Err("certificate expired")),
        (authority.for_names(&["registry.example"]), vec![&authority], Err("not valid for")),
    ] {
        let registry = Registry::start_tls(&tls, Guard::Open);
        assert!(registry.origin().starts_with("https://"));
        match (ping(&registry, &roots), expected) {
            (Ok(answer), Ok(start)) => assert!(answer.starts_with(start), "{answer}"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{error} lacks {part}"),
            (found, expected) => panic!("{found:?}, expected {expected:?}"),
        }
    }
}
