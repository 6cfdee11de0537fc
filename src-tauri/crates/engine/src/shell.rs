//! Words as a shell takes them: what is copied may be pasted into a terminal, and names come from a cluster or a file
//! that somebody else wrote.

/// A text as one word of a POSIX shell. In single quotes nothing is run or filled in; a single quote itself ends them,
/// stands escaped, and they begin anew.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+,%=".contains(c);
    // zsh takes `=name` for where a program lies.
    if !text.is_empty() && !text.starts_with('=') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word_and_runs_nothing() {
        for (text, expected) in [
            ("staging", "staging"),
            ("arn:aws:eks:eu-west-1:1:cluster/analytics", "arn:aws:eks:eu-west-1:1:cluster/analytics"),
            ("", "''"),
            ("my files", "'my files'"),
            ("$(rm -rf ~)", "'$(rm -rf ~)'"),
            ("`id`", "'`id`'"),
            ("a\"b", "'a\"b'"),
            ("it's; id", r"'it'\''s; id'"),
            ("'", r"''\'''"),
            ("a\\b", r"'a\b'"),
            ("a\nb", "'a\nb'"),
            ("=ls", "'=ls'"),
            ("~", "'~'"),
            ("a*", "'a*'"),
            ("größe", "'größe'"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_shell_gives_back_what_was_quoted() {
        for text in ["plain", "$(echo run)", "`echo run`", "it's \"so\" $HOME \\ !x", "a\n\tb", "*?[a]", "#no", ";&|<>"]
        {
            let script = format!("printf %s {}", quoted(text));
            let printed = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(printed.stdout).unwrap(), text);
        }
    }
}
