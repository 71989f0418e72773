//! What the hub says to the log of the process. Alone in its program, since whether anybody listens is global.

use std::sync::{Arc, Mutex};

use eventwire_server::{Hub, Publication, Start, Subscribe};
use serde_json::Value;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_of_the_process_says_where_each_subscription_began() {
    let written = Written::default();
    let writer = written.clone();
    let log = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .finish();
    let hub = Hub::builder().max_events(3).build().unwrap();
    for data in ["1", "2", "3", "4"] {
        hub.publish(Publication::new("a", data)).await.unwrap();
    }
    let id = |offset: u64| format!("{}-{offset}", hub.stats().last.epoch());
    let peer = "127.0.0.1:5000".parse().unwrap();
    tracing::subscriber::with_default(log, || {
        hub.subscribe(Subscribe::to(["a"])).unwrap();
        let resume = |offset| Subscribe::to(["a"]).start(Start::After(id(offset)));
        hub.subscribe(resume(3).peer(Some(peer))).unwrap();
        hub.subscribe(resume(0)).unwrap();
    });
    let written = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = written
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let said = |line: &Value| {
        assert_eq!(line["target"], "eventwire::hub");
        assert_eq!(line["level"], "INFO");
        let fields = ["last_event_id", "start", "first", "reset"];
        fields.map(|name| line["fields"][name].as_str().unwrap().to_owned())
    };
    let none = String::new;
    assert_eq!(lines.len(), 3);
    assert_eq!(said(&lines[0]), [none(), id(4), none(), none()]);
    assert_eq!(said(&lines[1]), [id(3), id(3), id(4), none()]);
    assert_eq!(lines[1]["fields"]["peer"], "127.0.0.1:5000");
    assert_eq!(said(&lines[2]), [id(0), id(1), id(2), "evicted".into()]);
}
