//! Ten thousand pods in the window: what is drawn, and how fast. Times are printed and not judged: they are this machine's, which
//! may have no graphics processor (`src-tauri/src/drawing.rs`). Beside them stands what WebKit manages here with a list of plain
//! text in the same place, and with nothing at all.

use std::time::Duration;

use fantoccini::key::Key;
use portolan_demo::{Demo, Options};
use portolan_tests::Result;
use serde_json::{Value, json};

use crate::window::{WITHOUT_OPENGL, Window, eventually};

const PODS: usize = 10_000;

/// So many pods take their time to be made, by a build that is not optimised on a machine that has other work.
const LISTED: Duration = Duration::from_secs(400);

/// Pixels a second: as one who reads along, and as one who drags the scroll bar.
const SPEEDS: [u32; 2] = [1_500, 20_000];

/// More rows than this are never in the page: a tall window's, and some beyond its edges.
const DRAWN: usize = 90;

/// Types a word into the filter, letter by letter, and says how long each took until its rows were drawn, in milliseconds.
const TYPE: &str = r#"
const [word, done] = arguments;
const field = document.querySelector('[data-testid="filter"]');
const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
(async () => {
  const took = [];
  for (const letters of [...word].map((_, n) => word.slice(0, n + 1))) {
    await new Promise((resolve) => setTimeout(resolve, 150));
    const began = performance.now();
    field.value = letters;
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
    // What the key changes is done in the tasks that follow it at once.
    await null;
    const worked = performance.now() - began;
    await drawn();
    took.push([performance.now() - began, worked]);
  }
  done(took);
})();
"#;

/// Puts a list of plain text where ours was, all of it in the page and no script behind it, and says how long it takes until
/// other text in it is drawn, in milliseconds.
const PLAIN: &str = r#"
const [done] = arguments;
const { left, top, width, height } = document.querySelector('[data-testid="rows"]').getBoundingClientRect();
document.getElementById("window").style.display = "none";
const list = document.createElement("div");
list.dataset.testid = "plain";
list.style.cssText = `position: fixed; left: ${left}px; top: ${top}px; width: ${width}px; height: ${height}px; overflow-y: auto`;
const rows = Array.from({ length: 2500 }, (_, n) => {
  const row = document.createElement("div");
  row.style.height = "35px";
  row.textContent = `crowd-${n} Running 1/1 http 80`;
  return row;
});
list.append(...rows);
document.body.append(list);
const drawn = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
(async () => {
  const took = [];
  for (const letter of "abcde") {
    await new Promise((resolve) => setTimeout(resolve, 150));
    const began = performance.now();
    for (const row of rows.slice(0, 40)) row.textContent = `${letter} ${row.textContent}`;
    await drawn();
    took.push([performance.now() - began]);
  }
  done(took);
})();
"#;

/// Scrolls a list for three seconds by so many pixels a second, and says how long each frame took, in milliseconds, and how many
/// rows there were in the page at the most.
const SCROLL: &str = r#"
const [id, speed, done] = arguments;
const list = document.querySelector(`[data-testid="${id}"]`);
list.scrollTop = 0;
const frames = [];
let rows = 0;
let began = null, before = null;
const frame = (now) => {
  began ??= now;
  if (before !== null) frames.push(now - before);
  before = now;
  list.scrollTop = ((now - began) / 1000) * speed;
  rows = Math.max(rows, document.querySelectorAll("[data-line]").length);
  if (now - began < 3000) requestAnimationFrame(frame);
  // What the last step brings into sight is drawn a frame later.
  else setTimeout(() => done({ frames, rows, blank: list.getBoundingClientRect().height - covered() }), 500);
};
const covered = () => {
  const { top, bottom } = list.getBoundingClientRect();
  const lines = [...document.querySelectorAll("[data-line]")].map((line) => line.getBoundingClientRect());
  const first = Math.min(...lines.map((line) => line.top)), last = Math.max(...lines.map((line) => line.bottom));
  return Math.min(last, bottom) - Math.max(Math.min(first, first), top);
};
requestAnimationFrame(frame);
"#;

#[tokio::test]
#[ignore = "needs a display: see README, Tests"]
async fn ten_thousand_pods_are_filtered_and_scrolled() -> Result<()> {
    let demo = Demo::start(Options { pods: PODS, pace: 0.0, ..Options::default() }).await?;
    let window = Window::open_with(demo.kubeconfig(), &[(WITHOUT_OPENGL, "")]).await?;
    window.css("[data-testid^=\"context-\"]").await?.click().await?;
    window.choose_namespace("crowd").await?;
    window.click("list-pods").await?;
    portolan_tests::eventually("all pods are listed", LISTED, async || {
        let rows = window.css("[role=\"grid\"]").await?.attr("aria-rowcount").await?;
        Ok(rows.and_then(|rows| rows.parse().ok()).filter(|rows: &usize| *rows > PODS))
    })
    .await?;
    assert!(window.count("[data-line]").await? < DRAWN, "few of them are in the page");

    let name = first(&window).await?;
    let word =
        name.split('-').next_back().filter(|word| !word.is_empty()).ok_or("the first row has no name")?.to_owned();
    let took = window.ask_page(TYPE, vec![json!(word)]).await?;
    println!("from a key to drawn rows, of {PODS} pods, ms [with the frame, script only]: {took}");
    println!("p95: {:.1} ms", percentile(&numbers(&took, 0), 95));
    eventually("only what matches is listed", async || {
        let rows = window.css("[role=\"grid\"]").await?.attr("aria-rowcount").await?;
        Ok((rows.as_deref() == Some("2")).then_some(()))
    })
    .await?;
    assert_eq!(first(&window).await?, name);
    window.photograph("crowd-filtered").await?;

    window.find("filter").await?.send_keys(&char::from(Key::Escape).to_string()).await?;
    let mut ours = Vec::new();
    for speed in SPEEDS {
        let scrolled = scroll(&window, "rows", speed).await?;
        assert!(scrolled.rows < DRAWN as u64, "{}", scrolled.rows);
        assert!(scrolled.blank < 40.0, "rows are missing in sight: {}", scrolled.blank);
        ours.push(scrolled);
    }
    window.photograph("crowd").await?;

    let plain = window.ask_page(PLAIN, Vec::new()).await?;
    println!("to other text in a list of plain text, ms: {plain}");
    let empty = scroll(&window, "plain", 0).await?.rate;
    for (speed, ours) in SPEEDS.into_iter().zip(ours) {
        let plain = scroll(&window, "plain", speed).await?.rate;
        println!(
            "scrolled by {speed} pixels a second: {:.1} frames a second, p95 of a frame {:.1} ms, {} rows at the most; plain \
             text {plain:.1}, nothing at all {empty:.1}: {:.0} % of what is drawn here of plain text",
            ours.rate,
            ours.p95_ms,
            ours.rows,
            100.0 * ours.rate / plain,
        );
    }
    window.close().await
}

/// How a list was scrolled.
struct Scrolled {
    /// Frames a second.
    rate: f64,
    p95_ms: f64,
    /// So many were in the page at the most.
    rows: u64,
    /// What was bare of rows at the end, in pixels.
    blank: f64,
}

async fn scroll(window: &Window, id: &str, speed: u32) -> Result<Scrolled> {
    let seen = window.ask_page(SCROLL, vec![json!(id), json!(speed)]).await?;
    let frames: Vec<f64> = seen["frames"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    Ok(Scrolled {
        rate: 1000.0 * frames.len() as f64 / frames.iter().sum::<f64>(),
        p95_ms: percentile(&frames, 95),
        rows: seen["rows"].as_u64().ok_or("no count of rows")?,
        blank: seen["blank"].as_f64().unwrap_or(f64::INFINITY),
    })
}

/// The name in the first row. Its text is cut by CSS, so that the driver does not call it shown.
async fn first(window: &Window) -> Result<String> {
    let id = window.css("[data-line] [data-testid^=\"row-\"]").await?.attr("data-testid").await?;
    Ok(id.as_deref().and_then(|id| id.strip_prefix("row-")).ok_or("a row without a name")?.to_owned())
}

fn numbers(took: &Value, at: usize) -> Vec<f64> {
    took.as_array().into_iter().flatten().filter_map(|one| one[at].as_f64()).collect()
}

fn percentile(times: &[f64], percent: usize) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    let rank = (times.len() * percent).div_ceil(100);
    times.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
