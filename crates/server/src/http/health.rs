//! `GET /health`: whether the hub takes and gives events.

use http::StatusCode;
use serde_json::json;

use super::message::Reply;
use crate::hub::Hub;

pub(super) fn health(hub: &Hub) -> Reply {
    if hub.is_closed() {
        Reply::json(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "status": "closed" }),
        )
    } else {
        Reply::json(StatusCode::OK, &json!({ "status": "ok" }))
    }
}
