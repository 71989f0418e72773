//! Which processor runs what: the server has one to itself, and the load client another.

use std::path::PathBuf;
use std::process::Command;

use crate::env::system;

/// Where processes are bound to processors.
#[derive(Debug)]
pub(crate) struct Cores {
    /// `None` where there is one processor only, or no way to bind.
    taskset: Option<PathBuf>,
}

impl Cores {
    pub(crate) fn find() -> Self {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let taskset = system::which("taskset").filter(|_| count > 1);
        Self { taskset }
    }

    /// Everything wherever there is room.
    pub(crate) fn unbound() -> Self {
        Self { taskset: None }
    }

    pub(crate) fn server(&self, command: Command) -> Command {
        self.bound(command, "0")
    }

    pub(crate) fn client(&self, command: Command) -> Command {
        self.bound(command, "1")
    }

    /// For people.
    pub(crate) fn describe(&self) -> &'static str {
        match self.taskset {
            Some(_) => "server and load client bound to a processor each",
            None => {
                "server and load client not bound to processors: taskset, or a second processor, is missing"
            }
        }
    }

    fn bound(&self, command: Command, core: &str) -> Command {
        let Some(taskset) = &self.taskset else {
            return command;
        };
        let mut bound = Command::new(taskset);
        bound
            .args(["-c", core])
            .arg(command.get_program())
            .args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            bound.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => bound.env(name, value),
                None => bound.env_remove(name),
            };
        }
        bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_command_is_the_same_command() {
        let cores = Cores {
            taskset: Some("/usr/bin/taskset".into()),
        };
        let mut command = Command::new("program");
        command
            .arg("one")
            .env("A", "b")
            .env_remove("C")
            .current_dir("/");
        let bound = cores.client(command);
        let args: Vec<_> = bound.get_args().collect();
        assert_eq!(args, ["-c", "1", "program", "one"]);
        assert_eq!(bound.get_envs().count(), 2);
        assert!(bound.get_current_dir().is_some());
    }
}
