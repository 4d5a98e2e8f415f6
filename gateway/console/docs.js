"use strict";

// Draws the reference from /api/v1/openapi.json. Texts go in as text, never as HTML.

const h = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
};

// Backquoted words become code, blank lines paragraphs: all the markup that comments of the contract use.
const prose = (text) =>
  (text || "").split(/\n\s*\n/).map((paragraph) =>
    h("p", {}, ...paragraph.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part))));

const inline = (text) => (text || "").split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));

class Reference {
  constructor(document_) {
    this.spec = document_;
  }

  schema(reference) {
    return reference.replace("#/components/schemas/", "").split("/").reduce((at, name) => at[name], this.spec.components.schemas);
  }

  // A schema in a few words, and the object schema to unfold below it, if there is one.
  type(schema) {
    if (schema.$ref) return { words: "object", inner: this.schema(schema.$ref) };
    if (schema.anyOf) {
      const kinds = schema.anyOf.map((one) => this.type(one));
      return { words: [...new Set(kinds.map((one) => one.words))].join(" or "), inner: kinds.find((one) => one.inner)?.inner };
    }
    if (schema.type === "null") return { words: "null" };
    if (schema.type === "array") {
      const item = this.type(schema.items);
      return { words: `list of ${item.words}`, inner: item.inner, values: item.values };
    }
    const values = schema.enum?.filter((value) => value !== null);
    const words = [].concat(schema.type || "any").join(" or ");
    const format = schema.format && !schema.format.startsWith("int") ? ` (${schema.format})` : schema.contentEncoding ? ` (${schema.contentEncoding})` : "";
    if (schema.additionalProperties && schema.additionalProperties.type) return { words: `object of ${schema.additionalProperties.type}s` };
    return { words: words + format, values };
  }

  limits(schema) {
    const said = [];
    if (schema.minLength) said.push(schema.minLength === 1 ? "not empty" : `at least ${schema.minLength} characters`);
    if (schema.maxLength) said.push(`at most ${schema.maxLength.toLocaleString("en")} characters`);
    if (schema.minimum !== undefined) said.push(`${schema.minimum} or more`);
    if (schema.minItems) said.push(`at least ${schema.minItems}`);
    if (schema.maxItems) said.push(`at most ${schema.maxItems}`);
    if (schema.pattern) said.push(`matches ${schema.pattern}`);
    return said.length ? h("span", { class: "limits" }, said.join(", ")) : null;
  }

  row(name, schema, required, depth) {
    const type = this.type(schema);
    const values = type.values?.length
      ? type.values.length > 16
        ? h("details", {}, h("summary", {}, `${type.values.length} values`), h("p", { class: "values" }, ...type.values.map((value) => h("code", {}, String(value)))))
        : h("p", { class: "values" }, ...type.values.map((value) => h("code", {}, String(value))))
      : null;
    return h("li", {},
      h("div", { class: "field" }, h("code", { class: "name" }, name), h("span", { class: "type" }, type.words),
        required ? h("span", { class: "required" }, required === true ? "required" : required) : null, this.limits(schema)),
      h("div", { class: "text" }, ...inline(schema.description)), this.shown(schema), values,
      type.inner && depth < 6 ? h("details", { class: "inner" }, h("summary", {}, "Fields"), this.fields(type.inner, depth + 1)) : null);
  }

  // Whether a field is required: of an anyOf, one of several is.
  required(schema, name) {
    if (schema.required?.includes(name)) return true;
    const choices = (schema.anyOf || []).flatMap((one) => one.required || []);
    return choices.includes(name) && `this or ${choices.filter((other) => other !== name).join(" or ")} is required`;
  }

  fields(schema, depth = 0) {
    const rows = Object.entries(schema.properties || {}).map(([name, inner]) => this.row(name, inner, this.required(schema, name), depth));
    return rows.length ? h("ul", { class: "fields" }, ...rows) : h("p", { class: "none" }, "No fields.");
  }

  // A field's example; long ones, as pictures, are cut.
  shown(schema) {
    const [value] = schema.examples || [];
    if (value === undefined || value === null || value === "") return null;
    const text = JSON.stringify(value);
    return h("div", { class: "example" }, "Example: ", h("code", {}, text.length > 80 ? `${text.slice(0, 79)}…` : text));
  }

  curl(path, verb, operation) {
    const shown = path.replace(/\{(\w+)\}/g, (_, name) => name.toUpperCase());
    const lines = [`curl ${location.origin}${shown}`];
    if (verb !== "get") lines.push(`  --request ${verb.toUpperCase()}`);
    lines.push(`  --header 'Authorization: Token YOUR_API_KEY_HERE'`);
    const answers = operation.responses["200"]?.content || {};
    if (answers["text/event-stream"]) lines.push(`  --no-buffer --header 'Accept: text/event-stream'`);
    const body = operation.requestBody?.content["application/json"];
    if (body) {
      lines.push(`  --header 'Content-Type: application/json'`);
      const example = { ...body.example };
      if (example.meeting_url) example.meeting_url = `${location.origin}/rehearsal/demo`; // a meeting that is there
      lines.push(`  --data '${JSON.stringify(example, null, 2)}'`);
    }
    return lines.join(" \\\n");
  }

  operation(path, verb, operation) {
    const parts = [
      h("h3", {}, h("span", { class: `verb ${verb}` }, verb.toUpperCase()), h("code", {}, path)),
      ...prose(operation.description),
      h("pre", {}, h("code", {}, this.curl(path, verb, operation))),
    ];
    for (const [where, title] of [["path", "In the path"], ["query", "In the query"], ["header", "Headers"]]) {
      const found = (operation.parameters || []).filter((one) => one.in === where);
      if (found.length) parts.push(h("h4", {}, title), h("ul", { class: "fields" }, ...found.map((one) => this.row(one.name, { ...one.schema, description: one.description }, one.required, 0))));
    }
    const body = operation.requestBody?.content["application/json"].schema;
    if (body) parts.push(h("h4", {}, "Body"), this.fields(body.$ref ? this.schema(body.$ref) : body));
    parts.push(h("h4", {}, "Answers"), h("div", { class: "answers" }, ...Object.entries(operation.responses).map(([status, answer]) => this.answer(status, answer))));
    return h("article", { id: operation.operationId, "data-words": `${path} ${operation.operationId} ${operation.summary}`.toLowerCase() }, ...parts);
  }

  answer(status, answer) {
    if (answer.$ref) answer = this.spec.components.responses[answer.$ref.split("/").pop()];
    const inner = Object.entries(answer.content || {}).map(([kind, content]) => {
      const type = content.schema ? this.type(content.schema) : {};
      return h("div", {}, h("code", {}, kind), type.inner ? this.fields(type.inner) : null);
    });
    const label = [h("span", { class: `status s${status[0]}` }, status), " ", ...inline(answer.description)];
    return inner.length ? h("details", {}, h("summary", {}, ...label), ...inner) : h("p", { class: "bare" }, ...label);
  }

  draw() {
    const contents = document.getElementById("contents");
    const main = document.getElementById("reference");
    main.replaceChildren(h("header", {}, h("h1", {}, this.spec.info.title, " ", h("small", {}, this.spec.info.version)), ...prose(this.spec.info.description)));
    for (const tag of this.spec.tags) {
      const section = h("section", {}, h("h2", { id: tag.name }, tag.name.replace(/Service$/, "s").replace(/([a-z])([A-Z])/g, "$1 $2")), ...prose(tag.description));
      const list = h("ul", {});
      for (const [path, verbs] of Object.entries(this.spec.paths)) {
        for (const [verb, operation] of Object.entries(verbs)) {
          if (operation.tags[0] !== tag.name) continue;
          section.append(this.operation(path, verb, operation));
          list.append(h("li", {}, h("a", { href: `#${operation.operationId}` }, h("span", { class: `verb ${verb}` }, verb.toUpperCase()), operation.operationId.replace(/([a-z])([A-Z])/g, "$1 $2"))));
        }
      }
      if (list.children.length) {
        contents.append(h("h2", {}, section.querySelector("h2").textContent), list);
        main.append(section);
      }
    }
    document.getElementById("search").addEventListener("input", (event) => this.search(event.target.value.toLowerCase().trim()));
    if (location.hash) document.querySelector(location.hash)?.scrollIntoView();
  }

  search(words) {
    for (const article of document.querySelectorAll("article")) {
      const hit = !words || article.dataset.words.includes(words) || article.textContent.toLowerCase().includes(words);
      article.hidden = !hit;
      document.querySelector(`#contents a[href="#${article.id}"]`).parentElement.hidden = !hit;
    }
  }
}

fetch("/api/v1/openapi.json")
  .then((answer) => answer.json())
  .then((found) => new Reference(found).draw())
  .catch(() => document.getElementById("reference").replaceChildren(h("p", { role: "alert" }, "The contract could not be read. Load the page again.")));
