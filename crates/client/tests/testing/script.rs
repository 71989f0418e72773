//! The vocabulary: what each word of a script makes of a stream.

use eventwire_client::testing::{Script, ScriptedServer};
use eventwire_client::{ErrorKind, Event, RetryPolicy};

use super::{get, now, secs, told};

fn play(script: Script) -> Vec<String> {
    let server = ScriptedServer::new(script).unwrap();
    told(&mut server.open(get()).unwrap())
}

#[test]
fn an_answer_begins_and_ends_by_itself_and_the_end_of_the_script_is_a_204() {
    assert_eq!(
        play(Script::new().event("a").event("b")),
        [
            "open 200",
            "event a",
            "event b",
            "again Ended",
            "closed no_content"
        ]
    );
    assert_eq!(play(Script::new()), ["closed no_content"]);
}

#[test]
fn each_way_to_fail_has_its_own_error() {
    for (script, kind) in [
        (Script::new().refuse(), "again Connect"),
        (Script::new().tls_failure(), "again Connect"),
        (Script::new().unreachable(), "again Timeout(Connect)"),
        (Script::new().reset(), "again Disconnected"),
        (Script::new().respond(503), "again Status"),
        (Script::new().respond(429), "again Status"),
        // An interim answer alone is none.
        (Script::new().respond(103), "again Disconnected"),
    ] {
        assert_eq!(
            play(script.clone()),
            [kind, "closed no_content"],
            "{script:?}"
        );
    }
    assert_eq!(
        play(Script::new().event("a").reset_mid_event()),
        [
            "open 200",
            "event a",
            "again Disconnected",
            "closed no_content"
        ]
    );
}

#[test]
fn every_class_of_status() {
    assert_eq!(
        play(Script::new().respond(103).respond(200).event("a").end()),
        ["open 200", "event a", "again Ended", "closed no_content"]
    );
    assert_eq!(
        play(Script::new().respond(103).event("a").end()),
        ["open 200", "event a", "again Ended", "closed no_content"]
    );
    let moved = Script::new().respond(307).header("location", "/other");
    let server = ScriptedServer::new(moved.event("a")).unwrap();
    // What follows a head is its body: a redirect's is not read.
    assert_eq!(
        told(&mut server.open(get()).unwrap()),
        ["closed no_content"]
    );
    assert_eq!(server.requests()[1].url.path(), "/other");
    for status in [101, 300, 404, 418] {
        assert_eq!(
            play(Script::new().respond(status)),
            ["closed failed", "error Status"],
            "{status}"
        );
    }
    for answer in [
        Script::new()
            .respond(200)
            .header("content-type", "text/html"),
        Script::new().respond(200).header("content-type", ""),
    ] {
        assert_eq!(play(answer), ["closed failed", "error ContentType"]);
    }
}

#[test]
fn the_body_of_an_error_is_kept() {
    let script = Script::new().respond(404).send("no such topic");
    let server = ScriptedServer::new(script).unwrap();
    let mut stream = server.open(get()).unwrap();
    let error = now(stream.next()).unwrap().unwrap_err();
    assert_eq!(
        (error.status(), &error.body()[..]),
        (Some(404), &b"no such topic"[..])
    );
}

#[test]
fn requests_are_kept_with_what_they_resume_from() {
    let script = Script::new()
        .event(Event::new("a").with_id("7").with_type("tick"))
        .reset_mid_event()
        .event("b");
    let server = ScriptedServer::new(script).unwrap();
    let options = get()
        .method(http::Method::POST)
        .body("hello")
        .header("x-y", "z");
    let mut stream = server
        .open(options.retry(RetryPolicy::new().resend_body(true)))
        .unwrap();
    let event = now(stream.next()).unwrap().unwrap();
    assert_eq!(
        (event.event(), event.id(), event.data()),
        ("tick", "7", "a")
    );
    assert_eq!(now(stream.next()).unwrap().unwrap().data(), "b");
    let requests = server.requests();
    let ids: Vec<_> = requests.iter().map(|r| r.last_event_id()).collect();
    assert_eq!(ids, [None, Some("7")]);
    assert_eq!(requests[0].headers["x-y"], "z");
    assert_eq!(requests[1].body.as_deref(), Some(&b"hello"[..]));
}

#[test]
fn a_script_that_repeats_goes_on_until_the_policy_gives_up() {
    let server = ScriptedServer::new(Script::new().refuse().repeat()).unwrap();
    let policy = RetryPolicy::new().attempts(5);
    let mut stream = server.open(get().retry(policy)).unwrap();
    assert_eq!(
        now(stream.next()).unwrap().unwrap_err().kind(),
        ErrorKind::Connect
    );
    assert_eq!((server.requests().len(), server.delays().len()), (6, 5));
}

#[test]
fn what_cannot_be_sent_is_an_error_of_the_script() {
    for (script, what) in [
        (Script::new().respond(42), "respond(42)"),
        (Script::new().respond(200).header("a b", "c"), "\"a b\""),
        (Script::new().event(Event::new("x").with_id("a\nb")), "line"),
    ] {
        let error = ScriptedServer::new(script).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidOption);
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn a_storm_is_held_back() {
    for script in [
        Script::new().send("retry: 0\n\n").end(),
        Script::new().event("x").end(),
        Script::new().send("retry: 99999999999\ndata: x\n\n").end(),
    ] {
        let server = ScriptedServer::new(script.repeat()).unwrap();
        let mut stream = server.open(get()).unwrap();
        while server.now() < secs(10) {
            now(stream.next_item()).unwrap().unwrap();
        }
        let requests = server.requests();
        let early = requests.iter().filter(|r| r.at <= secs(10)).count();
        assert!(requests.len() > 1 && early <= 20, "{early} requests");
    }
}
