#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The description of the REST API, looked at from two sides.

    openapi.py document DOCUMENT DASHD-MAIN INGESTD-MAIN    is it sound, and does it have the routes of the sources?
    openapi.py answer DOCUMENT METHOD PATH STATUS           does the answer on standard input fit its schema?
    openapi.py manual DOCUMENT PAGE                         does the manual page list the same addresses?

An answer is held more strictly than by a client: a member that no schema names is a mistake, for then the
description lacks it. Each mistake is a line on standard output; the exit status is 1 when there is one.
"""
import json
import re
import sys

METHODS = ("get", "head", "put", "post", "delete", "patch")
KEYWORDS = {
    "$ref", "type", "enum", "const", "properties", "required", "additionalProperties", "items", "allOf", "oneOf", "pattern",
    "minimum", "maximum", "maxLength", "maxItems", "description", "default", "format", "example", "contentMediaType",
}
TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None),
}


def resolve(document, ref):
    node = document
    for part in ref.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


class Checker:
    """Values against schemas, for the keywords that the document uses."""

    def __init__(self, document):
        self.document = document

    def members(self, schema):
        """Of an object's schema: (properties, required, additional), through $ref and allOf."""
        if "$ref" in schema:
            return self.members(resolve(self.document, schema["$ref"]))
        properties, required = dict(schema.get("properties", {})), list(schema.get("required", []))
        additional = schema.get("additionalProperties")
        for part in schema.get("allOf", []):
            more = self.members(part)
            properties.update(more[0])
            required += more[1]
            additional = additional or more[2]
        return properties, required, additional

    def check(self, value, schema, at):
        if "$ref" in schema:
            return self.check(value, resolve(self.document, schema["$ref"]), at)
        if "oneOf" in schema:
            return self.one_of(value, schema["oneOf"], at)
        if "allOf" in schema or schema.get("type") == "object":
            return self.object(value, schema, at)
        return self.plain(value, schema, at)

    def one_of(self, value, choices, at):
        results = [self.check(value, choice, at) for choice in choices]
        fitting = [r for r in results if not r]
        return [] if len(fitting) == 1 else min(results, key=len) or [f"{at}: fits more than one schema"]

    def object(self, value, schema, at):
        if not isinstance(value, dict):
            return [f"{at}: is no object"]
        properties, required, additional = self.members(schema)
        wrong = [f"{at}: has no {name}" for name in required if name not in value]
        for name, member in value.items():
            if name in properties:
                wrong += self.check(member, properties[name], f"{at}/{name}")
            elif isinstance(additional, dict):
                wrong += self.check(member, additional, f"{at}/{name}")
            elif not additional and (properties or "properties" in schema):
                wrong.append(f"{at}/{name}: is not in the description")
        return wrong

    def plain(self, value, schema, at):
        kind = schema.get("type")
        if kind and (not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
            return [f"{at}: {value!r} is no {kind}"]
        rules = (
            ("enum", lambda limit: value in limit), ("const", lambda limit: value == limit),
            ("pattern", lambda limit: re.search(limit, value)), ("minimum", lambda limit: value >= limit),
            ("maximum", lambda limit: value <= limit), ("maxLength", lambda limit: len(value) <= limit),
            ("maxItems", lambda limit: len(value) <= limit),
        )
        wrong = [f"{at}: {value!r} breaks {name} {schema[name]!r}" for name, fits in rules if name in schema and not fits(schema[name])]
        for i, item in enumerate(value if kind == "array" else []):
            wrong += self.check(item, schema["items"], f"{at}/{i}")
        return wrong


# --- The document itself ---


def walk(node, at=""):
    yield at, node
    if isinstance(node, (dict, list)):
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from walk(child, f"{at}/{key}")


def broken_references(document):
    wrong = []
    for at, node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            try:
                resolve(document, node["$ref"])
            except KeyError:
                wrong.append(f"{at}: there is no {node['$ref']}")
    return wrong


def unused_components(document):
    used = {node["$ref"] for _, node in walk(document) if isinstance(node, dict) and isinstance(node.get("$ref"), str)}
    return [
        f"nothing refers to {name} of {kind}"
        for kind, all_of in document["components"].items() if kind != "securitySchemes"
        for name in all_of if f"#/components/{kind}/{name}" not in used
    ]


def schemas(document):
    """Every schema of the document and of its parts, with its place."""
    todo = [(f"/components/schemas/{n}", s) for n, s in document["components"]["schemas"].items()]
    todo += [(at, node["schema"]) for at, node in walk(document) if isinstance(node, dict) and isinstance(node.get("schema"), dict)]
    while todo:
        at, schema = todo.pop()
        yield at, schema
        parts = list(schema.get("properties", {}).items()) + list(enumerate(schema.get("allOf", []) + schema.get("oneOf", [])))
        parts += [(k, schema[k]) for k in ("items", "additionalProperties") if isinstance(schema.get(k), dict)]
        todo += [(f"{at}/{name}", part) for name, part in parts]


def bad_schemas(document):
    wrong = []
    for at, schema in schemas(document):
        wrong += [f"{at}: keyword {k} is not known here" for k in schema if k not in KEYWORDS]
        if schema.get("type", "string") not in TYPES:
            wrong.append(f"{at}: type {schema['type']}")
        if schema.get("type") == "array" and "items" not in schema:
            wrong.append(f"{at}: an array of what?")
        if schema.get("type") == "object" and not set(schema.get("required", [])) <= set(schema.get("properties", {})):
            wrong.append(f"{at}: requires what it does not have")
    return wrong


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def parameters(document, operation):
    for p in operation.get("parameters", []):
        yield resolve(document, p["$ref"]) if "$ref" in p else p


def bad_operation(document, path, method, operation, tags):
    at = f"{method} {path}"
    known = [(p["name"], p["in"]) for p in parameters(document, operation)]
    in_path = {name for name, place in known if place == "path"}
    wrong = []
    if in_path != set(re.findall(r"{(\w+)}", path)):
        wrong.append(f"{at}: its path has other parameters than {sorted(in_path)}")
    if len(known) != len(set(known)):
        wrong.append(f"{at}: a parameter twice")
    for p in parameters(document, operation):
        if "schema" not in p or (p["in"] == "path" and p.get("required") is not True):
            wrong.append(f"{at}: parameter {p['name']} is not complete")
    if not operation.get("summary") or not set(operation.get("tags", [])) & tags:
        wrong.append(f"{at}: has no summary or no known tag")
    if not any(status.startswith("2") for status in operation["responses"]):
        wrong.append(f"{at}: never succeeds")
    for scheme in (s for each in operation.get("security", []) for s in each):
        if scheme not in document["components"]["securitySchemes"]:
            wrong.append(f"{at}: security by {scheme}")
    return wrong + bad_responses(document, at, operation)


def bad_responses(document, at, operation):
    wrong = []
    for status, response in operation["responses"].items():
        response = resolve(document, response["$ref"]) if "$ref" in response else response
        if not response.get("description"):
            wrong.append(f"{at} {status}: has no description")
        if status >= "400" and "application/problem+json" not in response["content"]:
            wrong.append(f"{at} {status}: is no problem")
    return wrong


def bad_examples(document):
    checker, wrong = Checker(document), []
    for at, node in walk(document):
        if isinstance(node, dict) and "example" in node and "schema" in node:
            wrong += checker.check(node["example"], node["schema"], at)
    return wrong


def routes(source, prefix):
    """The rows of a table of routes, as (METHOD, PATH); names of addresses are looked up in the headers beside it."""
    with open(source, encoding="utf-8") as f:
        text = f.read()
    names = {}
    for header in re.findall(r'#include "([^"]+)"', text):
        with open(header, encoding="utf-8") as f:
            names.update(re.findall(r'#define (\w+)\s+"([^"]*)"', f.read()))
    rows = re.findall(r'\{"([A-Z]+)", (?:"([^"]*)"|(\w+))', text)
    found = {(method, literal or names[name]) for method, literal, name in rows}
    return {(method, path) for method, path in found if path.startswith(prefix)}


def described(document):
    """The same of the document: whose server is not said is corral-dashd's."""
    found = {"dashd": set(), "ingestd": set()}
    for path, method, _ in operations(document):
        servers = document["paths"][path].get("servers")
        base = re.sub(r"^http://[^/]*", "", servers[0]["url"]) if servers else "/api/v1"
        found["ingestd" if servers else "dashd"].add((method.upper(), base + path))
    return found


def check_document(document, dashd, ingestd):
    wrong = [] if document["openapi"].startswith("3.1.") else ["it is not OpenAPI 3.1"]
    wrong += broken_references(document)
    if wrong:
        return wrong
    tags = {tag["name"] for tag in document["tags"]}
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    wrong += [f"operationId {i} twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
    for path, method, operation in operations(document):
        wrong += bad_operation(document, path, method, operation, tags)
    wrong += unused_components(document) + bad_schemas(document) + bad_examples(document)
    for name, source, prefix in (("dashd", dashd, "/api/v1/"), ("ingestd", ingestd, "/api/")):
        there, told = routes(source, prefix), described(document)[name]
        wrong += [f"{' '.join(r)} of {source} is not described" for r in sorted(there - told)]
        wrong += [f"{' '.join(r)} is described, and not in {source}" for r in sorted(told - there)]
    return wrong


def check_manual(document, page):
    """Each address is an item with its method; those of corral-dashd stand without /api/v1."""
    with open(page, encoding="utf-8") as f:
        listed = set(re.findall(r"^\.It Li ([A-Z]+) (/\S+)$", f.read(), re.MULTILINE))
    told = described(document)
    wanted = {(method, path.removeprefix("/api/v1")) for method, path in told["dashd"]} | told["ingestd"]
    return [f"{' '.join(r)} is not in both" for r in sorted(listed ^ wanted)]


# --- An answer ---


def check_answer(document, method, path, status, text):
    operation = document["paths"][path][method.lower()]
    response = operation["responses"].get(status)
    if response is None:
        return [f"{method} {path}: {status} is not described"]
    response = resolve(document, response["$ref"]) if "$ref" in response else response
    content = response["content"]
    kind = "application/problem+json" if status >= "400" else "application/json"
    return Checker(document).check(json.loads(text), content[kind]["schema"], f"{method} {path} {status}")


def main():
    command, name, *rest = sys.argv[1:]
    with open(name, encoding="utf-8") as f:
        document = json.load(f)
    if command == "document":
        wrong = check_document(document, *rest)
    elif command == "answer":
        wrong = check_answer(document, *rest, sys.stdin.read())
    else:
        wrong = check_manual(document, *rest)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
