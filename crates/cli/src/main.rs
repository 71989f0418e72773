//! The command line `eventwire`.

fn main() {
    std::process::exit(eventwire_cli::run(std::env::args_os()));
}
