//! Command lines: a table of options per command gives the parser and the help text.

use crate::Result;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

/// One command of `cargo xtask`.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// What stands after the name in the usage line.
    pub(crate) operands: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) options: &'static [Opt],
    pub(crate) run: fn(&Args) -> Result<bool>,
}

/// One option; `value` names its argument, empty for a switch.
pub(crate) struct Opt {
    pub(crate) name: &'static str,
    pub(crate) value: &'static str,
    pub(crate) help: &'static str,
}

/// An option row.
pub(crate) const fn opt(name: &'static str, value: &'static str, help: &'static str) -> Opt {
    Opt { name, value, help }
}

impl Command {
    /// The text of `--help`.
    pub(crate) fn help(&self) -> String {
        let mut text = format!(
            "{}\n\nUsage: cargo xtask {} [OPTIONS] {}\n\n",
            self.summary, self.name, self.operands
        );
        for option in self.options {
            let left = format!("--{} {}", option.name, option.value);
            let _ = writeln!(text, "  {left:<20} {}", option.help);
        }
        let _ = writeln!(text, "  {:<20} Show this text", "--help");
        text
    }
}

/// A parsed command line.
#[derive(Debug, Default)]
pub(crate) struct Args {
    values: BTreeMap<String, String>,
    pub(crate) operands: Vec<String>,
}

impl Args {
    /// Read `arguments` by the option table of `command`.
    pub(crate) fn parse(command: &Command, arguments: &[String]) -> Result<Args> {
        let mut args = Args::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let name = match argument.as_str() {
                "-v" => "verbose",
                "-j" => "jobs",
                long => match long.strip_prefix("--") {
                    Some(name) => name,
                    None => {
                        args.operands.push(argument.clone());
                        continue;
                    }
                },
            };
            let (name, inline) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (name, None),
            };
            let Some(option) = command.options.iter().find(|option| option.name == name) else {
                return Err(format!("unknown option {argument}"));
            };
            let value = match (option.value.is_empty(), inline) {
                (true, None) => String::new(),
                (true, Some(_)) => return Err(format!("--{name} takes no value")),
                (false, Some(value)) => value,
                (false, None) => match rest.next() {
                    Some(value) => value.clone(),
                    None => return Err(format!("--{name} needs {}", option.value)),
                },
            };
            args.values.insert(name.to_owned(), value);
        }
        Ok(args)
    }

    /// Was the switch given?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The option's text.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The option as a number, or `default`.
    pub(crate) fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T> {
        match self.get(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("--{name}: '{text}' is not a number")),
        }
    }

    /// The option as a comma-separated list.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        self.get(name).map(|text| text.split(',').collect()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: Command = Command {
        name: "x",
        operands: "",
        summary: "",
        options: &[opt("jobs", "N", ""), opt("ci", "", "")],
        run: |_| Ok(true),
    };

    fn parse(arguments: &[&str]) -> Result<Args> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Args::parse(&COMMAND, &arguments)
    }

    #[test]
    fn options_and_operands_mix() {
        let args = parse(&["a", "--jobs", "3", "--ci", "b"]).unwrap();
        assert_eq!(args.operands, ["a", "b"]);
        assert_eq!(args.number("jobs", 1), Ok(3));
        assert!(args.has("ci"));
        assert_eq!(parse(&["--jobs=4"]).unwrap().number("jobs", 1), Ok(4));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(parse(&["--nope"]).unwrap_err(), "unknown option --nope");
        assert_eq!(parse(&["--jobs"]).unwrap_err(), "--jobs needs N");
        assert!(parse(&["--jobs", "x"]).unwrap().number("jobs", 1).is_err());
    }
}
