//! Asking an authorizer, and what becomes of its answer.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use http::StatusCode;
use tracing::warn;

use super::access::{Access, Action, Authorizer, Denied, Identity};
use super::message::{Head, Refusal};
use super::{HttpOptions, in_time};

/// How long an authorizer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the request may do `action` with all of `topics`; how long, where that is bounded.
pub(super) async fn authorize(
    options: &HttpOptions,
    head: &Head,
    action: Action,
    topics: &[String],
) -> Result<Option<Duration>, Refusal> {
    let Some(identity) = identify(options, head, action, topics).await? else {
        return Ok(None);
    };
    // Refused whole: a subset would be a silent loss.
    match topics.iter().find(|topic| !identity.covers(action, topic)) {
        Some(topic) => Err(not_covered(action, topic)),
        None => Ok(identity.expires),
    }
}

/// That a topic is not among those that somebody may do it with.
pub(super) fn not_covered(action: Action, topic: &str) -> Refusal {
    let message = format!("not allowed to {} {topic:?}", action.name());
    Refusal::new(StatusCode::FORBIDDEN, message)
}

/// Who asks, where there is an authorizer; it has not been looked at yet what they may do.
pub(super) async fn identify(
    options: &HttpOptions,
    head: &Head,
    action: Action,
    topics: &[String],
) -> Result<Option<Identity>, Refusal> {
    let Some(authorizer) = &options.authorizer else {
        return match action {
            Action::Publish if !options.open_publish => Err(closed()),
            _ => Ok(None),
        };
    };
    let access = Access {
        action,
        topics: topics.to_vec(),
        headers: head.headers.clone(),
        query: head.query.clone(),
        peer: head.peer,
    };
    match in_time(PATIENCE, ask(&**authorizer, access)).await {
        Some(Ok(identity)) => Ok(Some(identity)),
        Some(Err(denied)) => Err(refusal(action, denied)),
        None => {
            warn!(target: "eventwire::hub", action = action.name(), "the authorizer gave no answer in {PATIENCE:?}: refused");
            Err(refusal(action, Denied(StatusCode::SERVICE_UNAVAILABLE)))
        }
    }
}

/// Nobody may publish over HTTP at all.
pub(super) fn closed() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "this hub takes no events over HTTP: its operator can give it an authorizer, or open publishing",
    )
}

/// Asks; a panic of the authorizer is no answer, and the connection it came on lives on.
async fn ask(authorizer: &dyn Authorizer, access: Access) -> Result<Identity, Denied> {
    let action = access.action.name();
    let mut answer = pin!(async move { authorizer.authorize(access).await });
    poll_fn(move |cx| {
        // What it leaves half done is its own, and is dropped with it.
        catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))).unwrap_or_else(|_| {
            warn!(target: "eventwire::hub", action, "the authorizer panicked: refused");
            Poll::Ready(Err(Denied(StatusCode::SERVICE_UNAVAILABLE)))
        })
    })
    .await
}

fn refusal(action: Action, Denied(status): Denied) -> Refusal {
    let name = action.name();
    if status.is_server_error() {
        Refusal::new(
            status,
            format!("nobody could say whether you may {name}: try again later"),
        )
    } else if status == StatusCode::UNAUTHORIZED {
        let message = format!("not allowed to {name} without credentials that are valid");
        Refusal::new(status, message)
    } else {
        // A status that is none of a refusal would let the request look answered.
        let status = Some(status).filter(StatusCode::is_client_error);
        Refusal::new(
            status.unwrap_or(StatusCode::FORBIDDEN),
            format!("not allowed to {name}"),
        )
    }
}
