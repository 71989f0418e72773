//! The client in Chromium: the page, and what it posts back.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::{get, post};
use eventwire_tests::bounded;
use eventwire_tests::chromium::Chromium;
use eventwire_tests::report::ClientReport;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

const PAGE: &str = include_str!("../../../../matrix/page.html");

/// The page's own origin, which is not that of any event stream.
#[derive(Debug)]
pub(crate) struct Pages {
    origin: String,
    sessions: Sessions,
}

type Sessions = Arc<Mutex<HashMap<u64, Session>>>;

/// The driver's ends of one page.
#[derive(Debug, Clone)]
struct Session {
    reports: mpsc::UnboundedSender<ClientReport>,
    close: Arc<Notify>,
}

impl Pages {
    pub(crate) async fn serve() -> Result<Pages> {
        let sessions = Sessions::default();
        let routes = Router::new()
            .route("/page.html", get(async || Html(PAGE)))
            .route("/reports/{session}", post(take_reports))
            .route("/until-close/{session}", get(until_close))
            .with_state(sessions.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Pages { origin, sessions })
    }
}

fn session(sessions: &Sessions, number: u64) -> Result<Session, StatusCode> {
    let sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
    sessions.get(&number).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn take_reports(
    State(sessions): State<Sessions>,
    Path(number): Path<u64>,
    Json(reports): Json<Vec<ClientReport>>,
) -> Result<(), StatusCode> {
    let session = session(&sessions, number)?;
    for report in reports {
        // The driver may have seen enough.
        let _ = session.reports.send(report);
    }
    Ok(())
}

async fn until_close(
    State(sessions): State<Sessions>,
    Path(number): Path<u64>,
) -> Result<(), StatusCode> {
    let session = session(&sessions, number)?;
    session.close.notified().await;
    Ok(())
}

/// A Chromium with the matrix's page.
#[derive(Debug)]
pub(crate) struct Browser {
    chromium: Chromium,
    reports: mpsc::UnboundedReceiver<ClientReport>,
    close: Arc<Notify>,
}

impl Browser {
    pub(crate) fn start(
        chromium: &std::path::Path,
        pages: &Pages,
        url: &str,
        types: &[String],
    ) -> Result<Browser> {
        static SESSIONS: AtomicU64 = AtomicU64::new(0);
        let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
        let (sender, reports) = mpsc::unbounded_channel();
        let close = Arc::new(Notify::new());
        let session = Session {
            reports: sender,
            close: close.clone(),
        };
        pages
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, session);

        let mut page = format!(
            "{}/page.html?session={number}&url={}",
            pages.origin,
            escape(url)
        );
        for name in types {
            page += &format!("&type={}", escape(name));
        }
        Ok(Browser {
            chromium: Chromium::start(chromium, &page)?,
            reports,
            close,
        })
    }

    pub(crate) async fn report(&mut self, what: &str) -> Result<ClientReport> {
        let next = async {
            tokio::select! {
                report = self.reports.recv() => report.context("its page is gone"),
                error = self.chromium.ended() => Err(error),
            }
        };
        bounded(what, next)
            .await
            .and_then(|report| report)
            .context("of the page in Chromium")
    }

    pub(crate) fn close_stream(&self) {
        self.close.notify_one();
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.chromium.stop().await
    }
}

/// A value of a query.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
