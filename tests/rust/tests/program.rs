//! A child process: it says how it ended, and it does not outlive its owner.

use std::process::Command;

use eventwire_tests::bounded;
use eventwire_tests::program::{Program, sibling};
use eventwire_tests::report::{ClientReport, ServerCommand, ServerReport};
use tokio::io::AsyncReadExt;

fn shell(script: &str) -> Program {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Program::start("the script", command).unwrap()
}

#[tokio::test]
async fn an_early_end_is_an_error_that_holds_its_complaint() {
    let mut program = shell("echo 'no such module' >&2; exit 3");
    let error = program
        .report::<ClientReport>("its opening")
        .await
        .unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("its opening") && text.contains("exit status: 3"),
        "{text}"
    );
}

#[tokio::test]
async fn a_line_that_is_no_report_is_an_error_that_holds_it() {
    let mut program = shell("echo hello; read line");
    let text = format!(
        "{:#}",
        program
            .report::<ClientReport>("its opening")
            .await
            .unwrap_err()
    );
    assert!(text.contains("\"hello\""), "{text}");
    program.stop().await.unwrap_err();
}

#[tokio::test]
async fn whatever_it_started_ends_with_it() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // A grandchild holds this connection; its end shows when that is gone.
    let script = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; sleep 1000' & wait");
    let program = shell(&script);
    let (mut stream, _) = bounded("the grandchild", listener.accept())
        .await
        .unwrap()
        .unwrap();
    drop(program);
    let end = bounded("the grandchild's end", stream.read(&mut [0; 1]))
        .await
        .unwrap();
    assert_eq!(end.unwrap_or(0), 0);
}

#[tokio::test]
async fn the_peers_in_rust_speak_the_protocol() {
    let _built = (
        env!("CARGO_BIN_EXE_peer-server"),
        env!("CARGO_BIN_EXE_peer-client"),
    );
    let mut server =
        Program::start("the server", Command::new(sibling("peer-server").unwrap())).unwrap();
    let ServerReport::Listening { url } = server.report("its address").await.unwrap() else {
        panic!()
    };
    let mut command = Command::new(sibling("peer-client").unwrap());
    command.arg(format!("{url}?topic=t"));
    let mut client = Program::start("the client", command).unwrap();
    assert_eq!(
        client.report::<ClientReport>("its opening").await.unwrap(),
        ClientReport::Opened
    );

    let publish = ServerCommand::Publish {
        topic: "t".to_owned(),
        event: Some("e".to_owned()),
        data: "d".to_owned(),
    };
    server.send(&publish).await.unwrap();
    let ServerReport::Published { id } = server.report("an id").await.unwrap() else {
        panic!()
    };
    let event = ClientReport::Event {
        event: "e".to_owned(),
        data: "d".to_owned(),
        id,
    };
    assert_eq!(
        client.report::<ClientReport>("the event").await.unwrap(),
        event
    );
    server.send(&ServerCommand::Stats).await.unwrap();
    assert!(matches!(
        server.report("stats").await.unwrap(),
        ServerReport::Stats { subscribers: 1 }
    ));

    client.ask_to_stop();
    assert_eq!(
        client.report::<ClientReport>("its end").await.unwrap(),
        ClientReport::Closed
    );
    client.stop().await.unwrap();
    server.stop().await.unwrap();
}
