//! What a session counts.

use eventwire_client::session::Session;

use crate::script::*;

#[test]
fn bytes_events_comments_and_connections_are_counted_by_the_clock_of_the_caller() {
    let mut session = Session::with_seed(get(), 1).unwrap();
    let stats = session.stats(secs(0));
    assert_eq!(
        (stats.bytes, stats.since_byte, stats.since_event),
        (0, None, None)
    );

    session.next_request(secs(1)).unwrap();
    let stream = [("content-type", "text/event-stream".to_owned())];
    session.response(secs(1), head(200, &stream));
    session.feed(secs(2), "data: a\n\ndata: b\n\n");
    session.feed(secs(5), ": still here\n\n");
    while session.next_item().is_some() {}
    let stats = session.stats(secs(9));
    assert_eq!((stats.bytes, stats.events, stats.comments), (32, 2, 1));
    assert_eq!(stats.since_byte, Some(secs(4)));
    assert_eq!(stats.since_event, Some(secs(7)));
    assert_eq!(stats.reconnects, 0);

    session.ended(secs(9));
    while session.next_item().is_some() {}
    let at = session.wake_at().unwrap();
    session.next_request(at).unwrap();
    assert_eq!(session.stats(at).reconnects, 1);
}
