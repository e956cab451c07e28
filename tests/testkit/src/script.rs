//! A raw TCP server that follows a script, for answers that no HTTP server would send: garbage before the status line,
//! a bad status line, an end at any byte.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::net::{Listener, drained, lock};

/// One step of a connection.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads until the blank line that ends a request's head. The connection ends where the client ends it before.
    ReadHead,
    /// Sends these bytes.
    Send(Bytes),
    /// Sends these bytes one by one, each in a packet of its own, this far apart.
    Drip(Bytes, Duration),
    /// Waits.
    Wait(Duration),
    /// Ends the connection with a reset, after all that was sent has arrived.
    Reset,
    /// Neither sends nor ends anything until the server is dropped.
    Stall,
}

impl Step {
    /// [`Step::Send`] of text.
    pub fn send(text: impl Into<Bytes>) -> Self {
        Self::Send(text.into())
    }
}

/// A scripted server on a free loopback port. It stops when dropped.
#[derive(Debug)]
pub struct Script {
    listener: Listener,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Script {
    /// Every connection gets the same steps, and is closed after the last.
    pub fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::start_each([steps.into_iter().collect()])
    }

    /// Reads one request and answers with these bytes, on every connection.
    pub fn answering(bytes: impl Into<Bytes>) -> Self {
        Self::start([Step::ReadHead, Step::Send(bytes.into())])
    }

    /// The first connection gets the first script, and so on; the last is used for all that follow.
    ///
    /// # Panics
    /// Where there are no scripts.
    pub fn start_each(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let scripts: Arc<Vec<Vec<Step>>> = Arc::new(scripts.into_iter().collect());
        assert!(!scripts.is_empty(), "a script server needs a script");
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        let listener = Listener::start(move |stream, number| {
            let index = usize::try_from(number - 1).unwrap_or(usize::MAX).min(scripts.len() - 1);
            let (scripts, log) = (Arc::clone(&scripts), Arc::clone(&log));
            async move {
                let slot = {
                    let mut log = lock(&log);
                    log.push(Vec::new());
                    log.len() - 1
                };
                let _ =
                    follow(stream, &scripts[index], |bytes| lock(&log)[slot].extend_from_slice(bytes)).await;
            }
        });
        Self { listener, received }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.listener.address().to_string()
    }

    /// What each connection has sent so far, in the order they were opened.
    pub fn received(&self) -> Vec<Vec<u8>> {
        lock(&self.received).clone()
    }
}

async fn follow(mut stream: TcpStream, steps: &[Step], mut log: impl FnMut(&[u8])) -> std::io::Result<()> {
    for step in steps {
        match step {
            Step::ReadHead => {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let byte = stream.read_u8().await?;
                    head.push(byte);
                    log(&[byte]);
                }
            }
            Step::Send(bytes) => stream.write_all(bytes).await?,
            Step::Drip(bytes, apart) => {
                for byte in bytes {
                    stream.write_u8(*byte).await?;
                    tokio::time::sleep(*apart).await;
                }
            }
            Step::Wait(time) => tokio::time::sleep(*time).await,
            Step::Reset => {
                drained(&stream).await;
                return stream.set_zero_linger();
            }
            Step::Stall => std::future::pending().await,
        }
    }
    stream.shutdown().await?;
    // The client's end is awaited: closing with unread bytes would turn the end into a reset.
    let mut rest = [0; 4096];
    let lingering = async {
        while let Ok(count @ 1..) = stream.read(&mut rest).await {
            log(&rest[..count]);
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(2), lingering).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read as _, Write as _};

    use super::*;

    fn ask(script: &Script) -> (Vec<u8>, Option<ErrorKind>) {
        let mut client = std::net::TcpStream::connect(script.host()).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let error = client.read_to_end(&mut answer).err().map(|error| error.kind());
        (answer, error)
    }

    #[test]
    fn each_connection_has_its_script() {
        let script = Script::start_each([
            vec![Step::ReadHead, Step::send("HTP/9 what\r\n")],
            vec![Step::ReadHead, Step::send("HTTP/1.1 200"), Step::Reset],
        ]);
        assert_eq!(ask(&script), (b"HTP/9 what\r\n".to_vec(), None));
        for _ in 0..2 {
            assert_eq!(ask(&script), (b"HTTP/1.1 200".to_vec(), Some(ErrorKind::ConnectionReset)));
        }
        assert_eq!(script.received(), [b"GET / HTTP/1.1\r\n\r\n"; 3]);
    }
}
