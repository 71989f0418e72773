//! The clock: by itself, and by hand.

use std::task::Poll;

use eventwire_client::testing::{Script, ScriptedServer};
use eventwire_client::{RetryPolicy, State};

use super::{get, now, poll, secs, told};

#[test]
fn waits_take_no_time_and_are_the_same_in_every_run() {
    let run = || {
        let script = Script::new()
            .refuse()
            .refuse()
            .respond(503)
            .header("retry-after", "1800");
        let server = ScriptedServer::new(script.event("x").respond(200).event("a")).unwrap();
        let mut stream = server.open(get()).unwrap();
        assert_eq!(now(stream.next()).unwrap().unwrap().data(), "a");
        server.delays()
    };
    let delays = run();
    assert_eq!((delays.len(), delays[2]), (3, secs(1800)));
    assert!(
        delays[..2]
            .iter()
            .all(|delay| *delay >= RetryPolicy::new().min)
    );
    assert_eq!(run(), delays);
}

#[test]
fn a_retry_after_that_is_a_date_is_counted_by_the_clock_of_the_test() {
    let date = "Thu, 01 Jan 2026 00:01:00 GMT";
    let script = Script::new().respond(503).header("retry-after", date);
    let server = ScriptedServer::new(script).unwrap();
    told(&mut server.open(get()).unwrap());
    assert_eq!(server.delays(), [secs(60)]);
}

#[test]
fn a_half_open_peer_is_noticed_by_the_idle_clock_only() {
    let script = Script::new().event("a").half_open().event("b");
    let server = ScriptedServer::new(script.clone()).unwrap();
    let mut stream = server.open(get().idle_timeout(secs(45))).unwrap();
    let told = told(&mut stream);
    assert_eq!(told[..3], ["open 200", "event a", "again Timeout(Idle)"]);
    assert!(told.contains(&"event b".to_owned()));

    let server = ScriptedServer::new(script).unwrap();
    let mut stream = server.open(get()).unwrap();
    assert_eq!(now(stream.next()).unwrap().unwrap().data(), "a");
    assert!(poll(stream.next()).is_pending());
    server.advance(secs(1_000_000));
    assert!(poll(stream.next()).is_pending());
    stream.close();
    assert!(now(stream.next()).is_none());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_stalled_producer_is_noticed_by_the_event_clock_though_bytes_come() {
    let mut script = Script::new().event("a");
    for _ in 0..10 {
        script = script.wait(secs(10)).comment("still here");
    }
    let server = ScriptedServer::new(script).unwrap();
    let options = get().idle_timeout(secs(15)).event_timeout(secs(60));
    let mut stream = server.open(options).unwrap();
    assert!(told(&mut stream).contains(&"again Timeout(Event)".to_owned()));
    assert_eq!(server.requests()[1].at - server.delays()[0], secs(60));
}

#[test]
fn one_byte_a_second_is_alive() {
    let script = Script::new().drip(secs(1)).event("slow").half_open();
    let server = ScriptedServer::new(script).unwrap();
    let mut stream = server.open(get().idle_timeout(secs(2))).unwrap();
    assert_eq!(now(stream.next()).unwrap().unwrap().data(), "slow");
    // The line end that ends the block is the last byte.
    assert_eq!(server.now(), secs("data: slow\n\n".len() as u64));
}

#[test]
fn a_paused_clock_stands_until_it_is_advanced() {
    let script = Script::new()
        .event("a")
        .wait(secs(10))
        .event("b")
        .wait(secs(10))
        .event("c");
    let server = ScriptedServer::paused(script).unwrap();
    let mut stream = server.open(get()).unwrap();
    assert_eq!(now(stream.next()).unwrap().unwrap().data(), "a");
    assert!(poll(stream.next()).is_pending());
    server.advance(secs(9));
    assert!(poll(stream.next()).is_pending());
    server.advance(secs(1));
    assert_eq!(now(stream.next()).unwrap().unwrap().data(), "b");
    assert_eq!(stream.state(), State::Open);
    // Past the event, the end, and the next attempt.
    server.advance(secs(60));
    assert_eq!(now(stream.next()).unwrap().unwrap().data(), "c");
    assert!(now(stream.next()).is_none());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn what_happens_within_one_advance_happens_in_its_order() {
    // The idle clock runs out before the event that is far behind it.
    let script = Script::new()
        .wait(secs(100))
        .event("late")
        .respond(200)
        .event("second");
    let server = ScriptedServer::paused(script).unwrap();
    let mut stream = server.open(get().idle_timeout(secs(30))).unwrap();
    assert!(poll(stream.next()).is_pending());
    server.advance(secs(1000));
    assert_eq!(now(stream.next()).unwrap().unwrap().data(), "second");
    assert_eq!(server.requests()[1].at, secs(30) + server.delays()[0]);
}

#[test]
fn streams_of_one_server_share_its_script_and_clock() {
    let script = Script::new().event("a").half_open().event("b").half_open();
    let server = ScriptedServer::paused(script).unwrap();
    let mut streams = [(); 2].map(|()| server.open(get().idle_timeout(secs(5))).unwrap());
    let data = streams
        .each_mut()
        .map(|stream| now(stream.next()).unwrap().unwrap());
    assert_eq!(data.each_ref().map(|event| event.data()), ["a", "b"]);
    for stream in &mut streams {
        assert!(matches!(poll(stream.next()), Poll::Pending));
    }
    server.advance(secs(60));
    for stream in &mut streams {
        assert!(now(stream.next()).is_none());
    }
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn the_clock_stands_while_the_application_prepares_an_attempt() {
    let (answer, answered) = tokio::sync::oneshot::channel::<()>();
    let answered = std::sync::Mutex::new(Some(answered));
    let server = ScriptedServer::new(Script::new().event("a")).unwrap();
    let options = get().prepare(move |attempt| {
        let answered = answered.lock().unwrap().take();
        async move {
            if let Some(answered) = answered {
                answered.await?;
            }
            Ok(attempt)
        }
    });
    let mut stream = server.open(options).unwrap();
    assert!(poll(stream.next_item()).is_pending());
    assert_eq!(server.now(), secs(0));
    answer.send(()).unwrap();
    assert_eq!(told(&mut stream)[..2], ["open 200", "event a"]);
    assert_eq!(server.requests().len(), 2);
}
