//! What stands behind the question mark of a path.

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::de::DeserializeOwned;

use crate::web::api::failed;

/// A query, or the failure that the API words like all others.
#[derive(Debug)]
pub struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(it)) => Ok(Self(it)),
            Err(why) => Err(failed(StatusCode::BAD_REQUEST, &why.body_text())),
        }
    }
}
