//! The packages as a user gets them: built for release, installed into empty projects, and used there.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::count::Tally;
use crate::env::{node, python};
use crate::pack;
use crate::sh::Shell;

/// Builds both packages, and tries each where nothing else is installed.
pub(crate) fn run(shell: &Shell) -> Result<Tally> {
    let projects = shell.path("target/stage/projects");
    if projects.exists() {
        fs::remove_dir_all(&projects)
            .with_context(|| format!("cannot empty {}", projects.display()))?;
    }
    let mut tally = Tally::default();
    for (name, outcome) in [
        ("the wheel", wheel(shell, &projects, &mut tally)),
        ("the tarball", tarball(shell, &projects, &mut tally)),
    ] {
        // What cannot be built is one failure; the other package is tried all the same.
        if let Err(error) = outcome {
            tally.fail(name, format!("{error:#}"));
        }
    }
    Ok(tally)
}

fn wheel(shell: &Shell, projects: &Path, tally: &mut Tally) -> Result<()> {
    let wheel = pack::wheel(shell, &shell.path("target/dist"))?;
    python_project(shell, &projects.join("wheel"), &wheel, "wheel", tally)?;
    // As the README has it: from the sources, by pip and whatever it fetches for the build.
    python_project(
        shell,
        &projects.join("source"),
        &shell.path("python"),
        "pip install ./python",
        tally,
    )
}

fn python_project(
    shell: &Shell,
    folder: &Path,
    what: &Path,
    name: &str,
    tally: &mut Tally,
) -> Result<()> {
    let venv = python::fresh_venv(shell, &folder.join("venv"))?;
    let mut install = venv.pip_install(shell);
    install.arg(what);
    if !test(shell, &format!("{name}: installs"), install, tally)? {
        return Ok(());
    }
    // Run in the empty folder, so that nothing of the checkout can be imported.
    let mut smoke = shell.command(&venv.python);
    smoke
        .current_dir(folder)
        .arg(shell.path("tests/pack/smoke.py"));
    test(shell, &format!("{name}: runs"), smoke, tally)?;
    let mut command = shell.command(venv.program("eventwire"));
    command.current_dir(folder).arg("--version");
    test(
        shell,
        &format!("{name}: has the command eventwire"),
        command,
        tally,
    )?;
    Ok(())
}

fn tarball(shell: &Shell, projects: &Path, tally: &mut Tally) -> Result<()> {
    let tarball = pack::tarball(shell, &shell.path("target/dist"))?;
    for (kind, name, smoke) in [
        ("module", "ESM project", "smoke.mjs"),
        ("commonjs", "CommonJS project", "smoke.cjs"),
    ] {
        let folder = projects.join(kind);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(
            folder.join("package.json"),
            format!("{{\"private\": true, \"type\": \"{kind}\"}}\n"),
        )?;
        let mut install = node::npm(shell)?;
        install
            .current_dir(&folder)
            .args(["install", "--no-audit", "--no-fund"])
            .arg(&tarball);
        if !test(shell, &format!("{name}: installs"), install, tally)? {
            continue;
        }
        // A copy inside the project: Node looks for packages from where a file lies.
        fs::copy(shell.path("tests/pack").join(smoke), folder.join(smoke))
            .with_context(|| format!("cannot copy tests/pack/{smoke}"))?;
        let mut command = shell.command(node::node(shell)?.0);
        command.current_dir(&folder).arg(smoke);
        test(shell, &format!("{name}: runs"), command, tally)?;
        let mut command = shell.command(folder.join("node_modules/.bin/eventwire"));
        command.current_dir(&folder).arg("--version");
        test(
            shell,
            &format!("{name}: has the command eventwire"),
            command,
            tally,
        )?;
    }
    Ok(())
}

fn test(shell: &Shell, name: &str, command: Command, tally: &mut Tally) -> Result<bool> {
    let done = shell.attempt(name, command)?;
    if done.ok {
        tally.pass();
    } else {
        tally.fail(name, done.end);
    }
    Ok(done.ok)
}
