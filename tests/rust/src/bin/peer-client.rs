//! The client of the matrix in Rust: `peer-client URL [TYPE...]`. `tests/matrix/README.md` has its protocol.

use eventwire_tests::{report, subscriber};

#[tokio::main]
async fn main() {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: peer-client URL [TYPE...]");
        std::process::exit(2);
    };
    let code = subscriber::run(&url, |line| report::print(&line)).await;
    // Not by returning: the runtime would wait for the read of standard input.
    std::process::exit(code);
}
