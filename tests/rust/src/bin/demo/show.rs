//! Everything runs until Ctrl-C, and prints what it does.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Result;
use eventwire_tests::program::Program;
use futures_util::future::join_all;

use crate::programs::{LANGUAGES, Programs, TARGET};

pub(crate) async fn run(programs: &Programs, hub: SocketAddr) -> Result<ExitCode> {
    let mut running = vec![("publisher".to_owned(), programs.publisher(hub, &[])?)];
    for language in LANGUAGES {
        let url = format!("http://{hub}{TARGET}");
        running.push((
            format!("{language:?}"),
            programs.subscriber(language, &url, &[])?,
        ));
    }
    println!("Ctrl-C ends it all");
    join_all(
        running
            .into_iter()
            .map(|(name, program)| print_lines(name, program)),
    )
    .await;
    println!("all programs have ended");
    Ok(ExitCode::FAILURE)
}

async fn print_lines(name: String, mut program: Program) {
    while let Some(line) = program.line().await {
        println!("{name:<10} | {line}");
    }
    println!("{name:<10} | has ended{}", program.complaints());
}
