const find = document.getElementById("find"), only = document.getElementById("only"), count = document.getElementById("count");
const detail = document.getElementById("detail");
const rows = [...document.querySelectorAll("tr.row")].map((row) => ({
  row,
  changed: row.querySelector(".changed") !== null,
  text: (row.textContent + [...row.querySelectorAll("[data-told]")].map((cell) => cell.dataset.told).join(" ")).toLowerCase(),
}));
function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { row, changed, text } of rows) {
    row.hidden = (only.checked && !changed) || !words.every((word) => text.includes(word));
    shown += row.hidden ? 0 : 1;
  }
  for (const body of document.querySelectorAll("tbody")) body.hidden = !body.querySelector("tr.row:not([hidden])");
  count.textContent = `${shown} of ${rows.length}`;
}
function told(cell) {
  while (cell && !cell.dataset.told) cell = cell.previousElementSibling;
  return cell ? cell.dataset.told : "not tried";
}
function show(cell) {
  const text = document.createElement("pre");
  text.textContent = `${cell.parentNode.id}\n\n${told(cell)}`;
  detail.replaceChildren(text);
  detail.showModal();
}
document.addEventListener("click", (event) => {
  if (event.target === detail) detail.close();
  else if (event.target.matches("td")) show(event.target);
});
document.addEventListener("mouseover", (event) => {
  if (event.target.matches("td") && !event.target.title) event.target.title = told(event.target);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("td")) show(event.target);
});
for (const cell of document.querySelectorAll("td")) cell.tabIndex = 0;
find.addEventListener("input", filter);
only.addEventListener("change", filter);
filter();
