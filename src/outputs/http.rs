//! The request that carries JSON, as most receivers take it.

use serde_json::Value;

use crate::outputs::Message;
use crate::outputs::Request;

/// One `POST` of `body` to `url`.
pub(crate) fn json(url: &str, body: &Value) -> Message {
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    Message::Http(vec![Request { url: url.to_owned(), headers, body: body.to_string() }])
}
