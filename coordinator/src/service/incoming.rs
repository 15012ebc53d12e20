//! Connections as they come in, bounded in number and in the time that they may take to say what they want. A failed
//! accept is waited out, never the end of the server.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Sleep, sleep};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;
use tracing::warn;

/// Connections at once; beyond that new ones wait in the kernel's queue.
const CONNECTIONS: usize = 16_384;
/// After an accept failed (too many open files, mostly).
const PAUSE: Duration = Duration::from_millis(100);
/// Bytes with which every HTTP/2 connection begins. From there on the server's own pings find out who is gone.
const PREFACE: usize = 24;
/// How long a connection may take over them: one that says nothing would hold its place for ever.
const PREFACE_WITHIN: Duration = Duration::from_secs(10);

/// A connection that counts against the limit until it is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// How many bytes of the preface are missing, and the end of its time; none once it is whole.
    preface: Option<(usize, Pin<Box<Sleep>>)>,
    _permit: OwnedSemaphorePermit,
}

/// Accepts until the receiver is dropped.
pub(super) fn accept(listener: TcpListener) -> ReceiverStream<io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let limit = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(permit) = limit.clone().acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            match accepted {
                Ok((stream, _)) => {
                    // Reports are small and answered one by one; waiting to fill packets only adds delay.
                    if let Err(error) = stream.set_nodelay(true) {
                        warn!(%error, "a connection keeps its delay");
                    }
                    let preface = Some((PREFACE, Box::pin(sleep(PREFACE_WITHIN))));
                    if sender.send(Ok(Connection { stream, preface, _permit: permit })).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    });
    ReceiverStream::new(receiver)
}

impl Connected for Connection {
    type ConnectInfo = <TcpStream as Connected>::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let Some((missing, deadline)) = &mut self.preface else { return read };
        *missing = missing.saturating_sub(buf.filled().len() - before);
        if *missing == 0 {
            self.preface = None;
        } else if read.is_pending() && deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
