const PAGE = 100;
const FACTS = 3; // columns before it: name, folder, sound
const rows = JSON.parse(document.getElementById("rows").textContent);
const words = rows.map((row) => row.filter((value, at) => at !== 1 && at !== 2 && typeof value === "string").join(" ").toLowerCase());
const collator = new Intl.Collator("en", { numeric: true });
const body = document.querySelector("#scores tbody");
const player = document.getElementById("player");
let order = rows.map((row, at) => at);
let found = order;
let shown = 0;

const address = (path) => path.split("/").map(encodeURIComponent).join("/");

function cellOf(value) {
  const cell = document.createElement("td");
  if (typeof value === "number") cell.className = "n";
  cell.textContent = value === null ? "–" : String(value);
  return cell;
}

function lineOf(row) {
  const line = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  const link = document.createElement("a");
  link.href = `${address(row[1])}/index.html`;
  link.textContent = row[0];
  if (row[2]) {
    const play = document.createElement("button");
    play.type = "button";
    play.textContent = "▶";
    play.setAttribute("aria-label", `Play ${row[0]}`);
    play.addEventListener("click", () => {
      player.src = `${address(row[1])}/${address(row[2])}`;
      document.getElementById("playing").textContent = row[0];
      player.play();
    });
    head.append(play, " ");
  }
  head.append(link);
  line.append(head, ...row.slice(FACTS).map(cellOf));
  return line;
}

function showMore() {
  body.append(...found.slice(shown, shown + PAGE).map((at) => lineOf(rows[at])));
  shown = Math.min(found.length, shown + PAGE);
  document.getElementById("shown").textContent = `${shown} of ${found.length} found, ${rows.length} runs in all`;
  document.getElementById("more").hidden = shown === found.length;
}

function find() {
  const wanted = document.getElementById("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  found = order.filter((at) => wanted.every((word) => words[at].includes(word)));
  body.replaceChildren();
  shown = 0;
  showMore();
}

function sortBy(button) {
  const heading = button.closest("th");
  const direction = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of heading.parentElement.children) other.setAttribute("aria-sort", "none");
  heading.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const column = Number(button.dataset.column);
  const isNumber = button.dataset.kind === "number";
  const isMissing = (value) => value === null || value === "–";
  order.sort((a, b) => {
    const [first, second] = [rows[a][column], rows[b][column]];
    if (isMissing(first) || isMissing(second)) return isMissing(first) - isMissing(second);
    return sign * (isNumber ? first - second : collator.compare(first, second));
  });
  find();
}

for (const button of document.querySelectorAll("#scores thead button")) button.addEventListener("click", () => sortBy(button));
document.getElementById("find").addEventListener("input", find);
document.getElementById("more").addEventListener("click", showMore);
document.querySelector("form.filters").addEventListener("submit", (event) => event.preventDefault());
find();
