//! Who may speak: everybody on loopback, elsewhere whoever has the token.

use tonic::{Request, Status, service::Interceptor};

/// Lets requests through that carry `authorization: Bearer TOKEN`; all of them where no token is set.
#[derive(Debug, Clone)]
pub(super) struct Auth {
    /// Hash of the token: comparing hashes takes the same time whatever was sent.
    token: Option<blake3::Hash>,
}

impl Auth {
    pub(super) fn new(token: Option<&str>) -> Auth {
        Auth { token: token.map(|t| blake3::hash(t.as_bytes())) }
    }
}

impl Interceptor for Auth {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(wanted) = self.token else { return Ok(request) };
        let given = request.metadata().get("authorization").and_then(|v| v.to_str().ok());
        match given.and_then(|v| v.strip_prefix("Bearer ")) {
            // `blake3::Hash` compares in constant time.
            Some(token) if blake3::hash(token.as_bytes()) == wanted => Ok(request),
            _ => Err(Status::unauthenticated("this coordinator wants a token: give it with `--token-file`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(header: Option<&str>) -> Request<()> {
        let mut request = Request::new(());
        if let Some(header) = header {
            request.metadata_mut().insert("authorization", header.parse().expect("ascii"));
        }
        request
    }

    #[test]
    fn only_the_token_opens() {
        let mut auth = Auth::new(Some("secret"));
        assert!(auth.call(request(Some("Bearer secret"))).is_ok());
        for wrong in [None, Some("secret"), Some("Bearer"), Some("Bearer secret "), Some("Basic secret")] {
            assert!(auth.call(request(wrong)).is_err(), "{wrong:?} was let in");
        }
        assert!(Auth::new(None).call(request(None)).is_ok());
    }
}
