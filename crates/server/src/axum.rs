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

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::{Head, HttpOptions, Hub, Subscribe};

    #[tokio::test]
    async fn a_subscription_is_a_response_with_the_headers_of_a_stream() {
        let hub = Hub::new();
        let subscription = hub.subscribe(Subscribe::to(["a"])).unwrap();
        let mut response = subscription.into_response();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let mark = response.body_mut().frame().await.unwrap().unwrap();
        assert!(mark.into_data().unwrap().ends_with(b"-0\n\n"));
        drop(response);
        assert_eq!(hub.stats().subscribers, 0);

        let endpoint = hub.endpoint(HttpOptions::new());
        let reply = endpoint.respond(Head::get("/nothing"), String::new()).await;
        assert_eq!(reply.into_response().status(), 404);
    }
}
