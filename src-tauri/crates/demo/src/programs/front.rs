//! The front's page: which pod answered, at one look. It is whole in itself, and follows the browser's light or dark.

use crate::network::Inside;

/// The page, as one pod says it.
pub(super) fn page(inside: &Inside, answered: u64) -> String {
    let [pod, namespace, version] = [&inside.pod, &inside.namespace, inside.version()].map(escaped);
    let colour = colour(&inside.pod);
    let times = if answered == 1 { "request" } else { "requests" };
    let uptime = duration(inside.began.elapsed().as_secs());
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{pod} · shop</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body style="--pod: {colour}">
<main>
<p class="shop">The chart shop <span>version {version}</span></p>
<p class="answered">This page was answered by</p>
<h1>{pod}</h1>
<dl>
<div><dt>namespace</dt><dd>{namespace}</dd></div>
<div><dt>answered</dt><dd>{answered} {times}</dd></div>
<div><dt>up for</dt><dd>{uptime}</dd></div>
</dl>
<p class="hint">Reload: the colour is the pod’s. <a href="/slow">A slow page</a> · <a href="/api/pod">the same as JSON</a></p>
</main>
</body>
</html>
"#
    )
}

/// The colour of a pod: the same on each of its pages, and most probably another than its neighbours'.
pub(super) fn colour(pod: &str) -> String {
    // FNV-1a, as the standard library's hasher promises nothing across versions.
    let hash = pod.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("hsl({} 62% 48%)", (hash ^ (hash >> 16)) % 360)
}

fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Text, as HTML says it.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(one),
        }
    }
    html
}

const STYLE: &str = "
:root { color-scheme: light dark; --bg: #f6f7f9; --panel: #fff; --text: #171b21; --dim: #4d5764; --line: #dfe3e8; }
@media (prefers-color-scheme: dark) {
  :root { --bg: #14171c; --panel: #1a1e25; --text: #e6e9ee; --dim: #a3adba; --line: #2c333e; }
}
* { box-sizing: border-box; margin: 0; }
body { min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--bg); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
main { width: min(34rem, 100%); padding: 32px; background: var(--panel); border: 1px solid var(--line);
  border-top: 10px solid var(--pod); border-radius: 8px; }
.shop { display: flex; justify-content: space-between; font-weight: 600; }
.shop span { padding: 0 10px; border: 1px solid var(--line); border-radius: 99px; font-weight: 400; color: var(--dim); }
.answered { margin-top: 32px; color: var(--dim); }
h1 { font: 600 clamp(1.2rem, 5vw, 1.7rem)/1.3 ui-monospace, monospace; overflow-wrap: anywhere; }
h1::before { content: ''; display: inline-block; width: .7em; height: .7em; margin-right: .5em; border-radius: 50%;
  background: var(--pod); }
dl { display: flex; flex-wrap: wrap; gap: 8px 32px; margin: 24px 0; }
dt { font-size: 13px; color: var(--dim); }
dd { font-variant-numeric: tabular-nums; }
.hint { font-size: 14px; color: var(--dim); }
a { color: inherit; }
";
