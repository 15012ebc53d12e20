//! The frame of a page, and text that is safe in it.

use crate::shown::shown;

const STYLE: &str = include_str!("style.css");

/// Text for an element or an attribute in quotes: no markup, on one line, unable to turn the direction of writing.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in shown(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A sentence with its commands, which stand between backticks, as code.
pub(super) fn sentence(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}

/// A whole page. `name` is escaped here, `summary` and `body` are markup. Nothing is fetched and no script runs, which the
/// browser is told to enforce.
pub(super) fn frame(name: &str, summary: &str, body: &str) -> String {
    let name = escape(name);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{name} · data set</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{name}</h1>\n\
         {summary}</header>\n<main>\n{body}</main>\n<footer>Made by <code>gliss data inspect</code> {version}</footer>\n\
         </body>\n</html>\n",
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// A section with a heading; nothing where there is nothing to show.
pub(super) fn section(id: &str, heading: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{}</h2>\n{content}</section>\n", escape(heading))
}

/// A table with a caption for those who cannot see where it stands. Headings are escaped here; each row is the markup of its
/// cells: a row heading, then data.
pub(super) fn table(caption: &str, headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n<table>\n<caption>{0}</caption>\n<thead><tr>",
        escape(caption)
    );
    for heading in headings {
        out.push_str(&format!("<th scope=\"col\">{}</th>", escape(heading)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            out.push_str(&match place {
                0 => format!("<th scope=\"row\">{cell}</th>"),
                _ => format!("<td>{cell}</td>"),
            });
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    out
}

/// A line of figures, each with its name.
pub(super) fn figures(figures: &[(&str, String)]) -> String {
    let mut out = String::from("<dl class=\"figures\">\n");
    for (name, value) in figures {
        out.push_str(&format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value)));
    }
    out.push_str("</dl>\n");
    out
}

/// Entries of one kind, folded if they are many; each entry is markup.
pub(super) fn folded(title: &str, count: &str, entries: &[String], all: usize) -> String {
    let open = if all <= 12 { " open" } else { "" };
    let mut out = format!(
        "<details{open}>\n<summary><span>{}</span> <span class=\"count\">{}</span></summary>\n<ul>\n",
        escape(title),
        escape(count)
    );
    for entry in entries {
        out.push_str(&format!("<li>{entry}</li>\n"));
    }
    if all > entries.len() {
        out.push_str(&format!("<li class=\"rest\">and {} more</li>\n", all - entries.len()));
    }
    out.push_str("</ul>\n</details>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        let hostile = "</title><script>alert('x')</script>\" onload=\"y\u{202e}\n&amp;";
        let safe = escape(hostile);
        assert!(!safe.contains(['<', '>', '"', '\'', '\n', '\u{202e}']), "{safe}");
        assert!(safe.ends_with("\\u{202e}\\u{a}&amp;amp;"), "{safe}");
        assert_eq!(sentence("say `<b>` & go"), "say <code>&lt;b&gt;</code> &amp; go");
        let page = frame(hostile, "", &section("x", hostile, &table(hostile, &[hostile], &[vec![escape(hostile)]])));
        assert_eq!(page.matches("<script").count(), 0);
        assert_eq!(page.matches("<title>").count(), 1);
        assert!(page.contains("default-src 'none'"));
    }
}
