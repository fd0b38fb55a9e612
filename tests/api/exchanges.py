"""Holds recorded exchanges against the specification, by openapi-core: `exchanges.py <openapi.json> <exchanges.jsonl>`.

Every answer must be one that the specification promises.
Prints a line of JSON: {"checked", "operations", "wrong": [...]}.
"""
import json
import re
import sys
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.paths.exceptions import PathError
from werkzeug.datastructures import Headers, ImmutableMultiDict


class Request:
    def __init__(self, said, server):
        headers = Headers([(name, value) for name, value in said["headers"]])
        self.host_url = server
        # The server takes one slash for another; the specification knows one spelling.
        self.path = re.sub("/+", "/", said["path"]).rstrip("/")
        self.full_url_pattern = server + self.path
        self.method = said["method"].lower()
        self.content_type = headers.get("content-type", "application/json").split(";")[0].strip().lower()
        self.body = said["body"].encode() or None
        query = ImmutableMultiDict(parse_qsl(said["query"], keep_blank_values=True))
        self.parameters = RequestParameters(query=query, header=headers, cookie={}, path={})


class Response:
    def __init__(self, said):
        self.headers = Headers([(name, value) for name, value in said["headers"]])
        self.status_code = said["status"]
        self.content_type = self.headers.get("content-type", "").split(";")[0].strip()
        # The checker reads bytes of JSON, and takes other texts as they are.
        is_table = self.content_type == "text/csv"
        self.data = said["body"] if is_table else said["body"].encode() or None


def why(error):
    reasons = [str(error)]
    while error.__cause__ or getattr(error, "schema_errors", None):
        for schema_error in getattr(error, "schema_errors", None) or []:
            reasons.append(f"{schema_error.message[:200]} at {'/'.join(map(str, schema_error.absolute_path))}")
        error = error.__cause__
        if error is None:
            break
        reasons.append(str(error)[:300])
    return " | ".join(reasons)


def main(spec_file, exchanges_file):
    spec = json.load(open(spec_file, encoding="utf-8"))
    server = "https://desk.example"
    base = urlsplit(spec["servers"][0]["url"]).path.rstrip("/")
    spec["servers"] = [{"url": server + base}]
    openapi = OpenAPI.from_dict(spec)
    checked, operations, wrong = 0, Counter(), []
    for line in open(exchanges_file, encoding="utf-8"):
        said = json.loads(line)
        if not said["path"].startswith(base + "/"):
            continue  # another API's
        if base == "/api" and said["path"].split("/")[2:3] in (["v2"], ["1.0"]):
            continue  # another API's, below this one
        if '"payload":{}' in said["answer"]["body"]:
            continue  # a test wrote this log into the table by hand
        if base == "/api/1.0" and said["method"] == "DELETE" and len([part for part in said["path"].split("/") if part]) == 3:
            continue  # the same as below /pay, and so not in the specification
        request, answer = Request(said, server), Response(said["answer"])
        if request.method in ("head", "options"):
            continue
        place = f"{said['method']} {said['path']} {answer.status_code}"
        # A path of its own comes before one with an id in it (OpenAPI 3.1, "Path Templating Matching"), which the checker would
        # take for a method that the former lacks. And it resolves dots, which the server doesn't.
        own = spec["paths"].get(request.path[len(base):])
        if (own is not None and request.method not in own) or "/../" in request.path:
            if answer.status_code < 400:
                wrong.append([place, "served, but not in the specification", said["body"][:200]])
            continue
        try:
            openapi.validate_response(request, answer)
        except PathError:
            # What the specification does not have must be refused.
            if answer.status_code < 400:
                wrong.append([place, "served, but not in the specification", said["body"][:200]])
            continue
        except Exception as error:
            wrong.append([place, why(error), said["answer"]["body"][:300]])
        checked += 1
        operations[f"{said['method']} {answer.status_code}"] += 1
    print(json.dumps({"checked": checked, "operations": len(operations), "wrong": wrong}))


main(*sys.argv[1:])
