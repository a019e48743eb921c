"use strict";
// Sorts, filters and opens the rows of the table. Everything can be read without it.
// What it shows stands in the fragment of the address, so that a link shows the same.
(() => {
  const table = document.getElementById("savings");
  const form = document.getElementById("filters");
  const bodies = [...table.tBodies];
  const keyOf = (body) => `${body.dataset.name} · ${body.dataset.server}`;
  const heads = new Map([...table.tHead.rows[0].cells].map((head) => [head.dataset.column, head]));
  let sort = "";
  let open = new Set();

  function asButton(parent, text) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    parent.replaceChildren(button);
    return button;
  }

  function valueOf(body, column) {
    if (column === "scenario") return body.dataset.name;
    const cell = [...body.rows[0].cells].find((each) => each.dataset.column === column);
    const number = cell.querySelector("data");
    if (number) return Number(number.value);
    return cell.querySelector(".none") ? null : cell.textContent.trim();
  }

  // What is missing comes last, whichever way the rows are sorted.
  function compare(one, other) {
    if (one === null || other === null) return (one === null) - (other === null);
    const [first, second] = sort.startsWith("-") ? [other, one] : [one, other];
    if (typeof one === "number" && typeof other === "number") return first - second;
    // A word stands for a number that cannot be had, such as that of a refused write: it is the least.
    if (typeof first !== typeof second) return typeof first === "string" ? -1 : 1;
    return String(first).localeCompare(String(second));
  }

  function show() {
    const column = sort.replace(/^-/, "");
    const order = heads.has(column)
      ? [...bodies].sort((one, other) => compare(valueOf(one, column), valueOf(other, column)))
      : bodies;
    table.append(...order);
    for (const [name, head] of heads) {
      if (name === column) head.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    const { q, gives, server } = form.elements;
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const body of bodies) {
      const text = body.rows[0].textContent.toLowerCase();
      body.hidden = !words.every((word) => text.includes(word))
        || (gives.value !== "" && body.dataset.gives !== gives.value)
        || (server.value !== "" && body.dataset.server !== server.value);
      const opened = open.has(keyOf(body));
      body.rows[1].hidden = !opened;
      body.rows[1].querySelector("details").open = opened;
      body.querySelector(".name button").setAttribute("aria-expanded", String(opened));
    }
    const left = bodies.filter((body) => !body.hidden).length;
    form.querySelector("output").textContent = `${left} of ${bodies.length} rows`;
  }

  function write() {
    const state = new URLSearchParams();
    for (const name of ["q", "gives", "server"]) {
      if (form.elements[name].value) state.set(name, form.elements[name].value);
    }
    if (sort) state.set("sort", sort);
    for (const key of open) state.append("open", key);
    history.replaceState(null, "", `#${state}`);
  }

  // A fragment without "=" names a place on the page and leaves the view as it is.
  function read() {
    if (!location.hash.includes("=")) return;
    const state = new URLSearchParams(location.hash.slice(1));
    for (const name of ["q", "gives", "server"]) form.elements[name].value = state.get(name) || "";
    sort = state.get("sort") || "";
    open = new Set(state.getAll("open"));
  }

  function change(act) {
    act();
    show();
    write();
  }

  for (const [name, head] of heads) {
    asButton(head, head.textContent).addEventListener("click", () =>
      change(() => { sort = sort === name ? `-${name}` : name; }));
  }
  for (const body of bodies) {
    const name = body.querySelector(".name");
    asButton(name, name.textContent).addEventListener("click", () =>
      change(() => { if (!open.delete(keyOf(body))) open.add(keyOf(body)); }));
    body.rows[1].querySelector("summary").addEventListener("click", (event) => {
      event.preventDefault();
      change(() => open.delete(keyOf(body)));
    });
  }
  form.addEventListener("input", () => change(() => {}));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => { read(); show(); });
  form.hidden = false;
  read();
  show();
  if (location.hash.includes("=")) document.getElementById("strategies").scrollIntoView();
})();
