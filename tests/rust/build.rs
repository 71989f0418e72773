//! Makes the Rust programs of `docs/` modules of `doc-program`: one file each, named after its page and line, which is what the
//! compiler says where one is wrong.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

// Public in the library, which it is a module of as well.
#[allow(dead_code, unreachable_pub)]
#[path = "src/pages.rs"]
mod pages;

/// The address in the pages, which somebody may be using: it becomes that of the test's server.
const ADDRESS: &str = "127.0.0.1:8844";

fn main() {
    println!("cargo::rerun-if-changed={}", pages::folder().display());
    println!("cargo::rerun-if-changed=src/pages.rs");
    let folder = env::var("OUT_DIR").expect("cargo names the folder");
    let programs = pages::programs("rust").unwrap_or_else(|error| panic!("{error}"));

    let (mut modules, mut table) = (String::new(), String::new());
    for program in programs {
        let name = format!("{}_{}", program.page.replace(['.', '-'], "_"), program.line);
        let file = Path::new(&folder).join(format!("{name}.rs"));
        fs::write(&file, with_address(&program.source)).expect("the file can be written");
        writeln!(
            modules,
            "mod {name} {{
                include!({file:?});
                pub(super) fn start() -> std::process::ExitCode {{
                    std::process::Termination::report(main())
                }}
            }}"
        )
        .expect("a string takes all");
        let (page, line) = (&program.page, program.line);
        writeln!(table, "    ({page:?}, {line}, {name}::start),").expect("a string takes all");
    }
    let all =
        format!("{modules}\nconst PROGRAMS: &[(&str, usize, crate::Start)] = &[\n{table}];\n");
    fs::write(Path::new(&folder).join("programs.rs"), all).expect("the file can be written");
}

/// Every literal with the address becomes a call that puts the real one into it.
fn with_address(source: &str) -> String {
    let mut out = String::new();
    for line in source.lines() {
        let mut rest = line;
        while let Some(at) = rest.find(ADDRESS) {
            let after = at + ADDRESS.len();
            match (rest[..at].rfind('"'), rest[after..].find('"')) {
                (Some(start), Some(len)) => {
                    let end = after + len + 1;
                    out += &format!("{}crate::at({})", &rest[..start], &rest[start..end]);
                    rest = &rest[end..];
                }
                // In a comment, say.
                _ => {
                    out += &rest[..after];
                    rest = &rest[after..];
                }
            }
        }
        out += rest;
        out += "\n";
    }
    out
}
