//! The subscriber of the demo in Rust: `demo-subscriber URL [--json]`. It prints what it gets, for people or for programs, and
//! ends when its standard input does.

use eventwire_tests::report::{self, ClientReport};
use eventwire_tests::subscriber;

#[tokio::main]
async fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let json = args
        .iter()
        .position(|arg| arg == "--json")
        .map(|index| args.remove(index))
        .is_some();
    let [url] = args.as_slice() else {
        eprintln!("usage: demo-subscriber URL [--json]");
        std::process::exit(2);
    };
    let code = subscriber::run(url, |line| {
        if json {
            report::print(&line)
        } else {
            show(&line)
        }
    })
    .await;
    // Not by returning: the runtime would wait for the read of standard input.
    std::process::exit(code);
}

fn show(line: &ClientReport) {
    match line {
        ClientReport::Opened => println!("open"),
        ClientReport::Event { event, data, id } => println!("{id} {event}: {data}"),
        ClientReport::Reset { reason, .. } => println!("reset ({reason}): some events are gone"),
        ClientReport::Reconnecting { error } => println!("reconnecting: {error}"),
        ClientReport::Closed => println!("closed"),
        ClientReport::Error { error } => println!("error: {error}"),
        _ => {}
    }
}
