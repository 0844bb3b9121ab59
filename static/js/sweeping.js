/* Dragging over the bars of a list shows the stretch of time that they span. Each bar is a link to its own, and a form
   takes any two moments: this only makes it quicker. */

const LEAST_SWEEP = 8; // pixels; less is a click
let swept = null; // the chart, where dragging began, and the bars that were passed

document.addEventListener("pointerdown", (event) => {
  const chart = event.target.closest(".runs-part .bars > svg");
  swept = chart && !event.button && event.pointerType === "mouse" ? { chart, from: event.clientX, bars: [] } : null;
});

document.addEventListener("pointermove", (event) => {
  if (!swept) return;
  const [left, right] = [swept.from, event.clientX].sort((one, other) => one - other);
  swept.bars = [...swept.chart.querySelectorAll("a")].filter((bar) => {
    const box = bar.getBoundingClientRect();
    const isIn = right - left >= LEAST_SWEEP && box.right > left && box.left < right;
    bar.classList.toggle("swept", isIn);
    return isIn;
  });
});

document.addEventListener("pointerup", () => {
  const bars = swept?.bars ?? [];
  swept = null;
  if (!bars.length) return;
  const query = new URLSearchParams(bars[0].getAttribute("href").slice(1));
  query.set("to", new URLSearchParams(bars.at(-1).getAttribute("href").slice(1)).get("to"));
  location.search = query;
});

document.addEventListener("dragstart", (event) => swept && event.preventDefault()); // a bar is a link
