//! axum: a subscription, and any reply of an endpoint, is a response.

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};

use crate::http::{Reply, stream_headers};
use crate::subscription::Subscription;

impl IntoResponse for Subscription {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::new(self));
        stream_headers(response.headers_mut());
        response
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let (parts, body) = http::Response::from(self).into_parts();
        Response::from_parts(parts, Body::new(body))
    }
}
