const collator = new Intl.Collator("en", { numeric: true });

function sortBy(button) {
  const heading = button.closest("th");
  const table = heading.closest("table");
  const column = [...heading.parentElement.children].indexOf(heading);
  const direction = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of heading.parentElement.children) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const isNumber = button.dataset.kind === "number";
  const key = (row) => row.children[column].dataset.key;
  const rows = [...table.tBodies[0].rows].sort((a, b) => {
    if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === "");
    return sign * (isNumber ? Number(key(a)) - Number(key(b)) : collator.compare(key(a), key(b)));
  });
  table.tBodies[0].append(...rows);
}

function filterRows() {
  const words = document.getElementById("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const choices = [...document.querySelectorAll("[data-filter]")].filter((choice) => choice.value);
  let shown = 0;
  for (const row of document.querySelectorAll("table.runs tbody tr")) {
    const text = row.dataset.words.toLowerCase();
    const fits = words.every((word) => text.includes(word)) && choices.every((choice) => row.dataset[choice.dataset.filter] === choice.value);
    row.hidden = !fits;
    if (fits && row.closest("#scores")) shown += 1;
  }
  document.getElementById("shown").textContent = `${shown} of ${document.querySelectorAll("#scores tbody tr").length} runs`;
}

for (const button of document.querySelectorAll("table.runs thead button")) button.addEventListener("click", () => sortBy(button));
for (const control of document.querySelectorAll("#find, [data-filter]")) control.addEventListener("input", filterRows);
document.querySelector("form.filters")?.addEventListener("submit", (event) => event.preventDefault());
