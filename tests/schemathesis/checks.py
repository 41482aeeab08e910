"""What schemathesis needs to know of this server: how its scalars are written, and what an answer to a valid operation
may say. Its own check calls every GraphQL error a server error; here an error must have a code of ours that fits."""
import json

import graphql
import schemathesis
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.graphql import nodes

# Codes that a valid operation with made-up values may be answered with; docs/errors.md explains them. None of them says
# that the server, the database or the time failed.
CODES = {"BAD_USER_INPUT", "BAD_CURSOR", "UNAUTHENTICATED", "FORBIDDEN", "QUERY_TOO_COMPLEX", "QUERY_TOO_DEEP"}
INVALID = {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}

text = lambda strategy: strategy.map(str).map(nodes.String)
schemathesis.graphql.scalar("Date", text(st.dates()))
schemathesis.graphql.scalar("DateTime", st.datetimes(timezones=st.timezones()).map(lambda at: at.replace(tzinfo=None).isoformat() + "Z").map(nodes.String))
schemathesis.graphql.scalar("Decimal", text(st.decimals(0, 10**12, allow_nan=False, places=3)))
schemathesis.graphql.scalar("CountryCode", text(st.sampled_from(["BGD", "KEN", "AF", "516", "ZZZ"])))
schemathesis.graphql.scalar("BigInt", text(st.integers(0, 10**20)))


class Pages(graphql.Visitor):
    """Takes cursors away, which nobody can guess, and makes pages as short as they must be, so that lists are read; a
    length that is divisible by 7 stays, to see it refused."""

    def enter_argument(self, node, *_):
        name, value = node.name.value, node.value
        if name in ("after", "before") and isinstance(value, graphql.StringValueNode):
            return None if len(value.value) % 7 == 0 else graphql.REMOVE
        if name in ("first", "last") and isinstance(value, graphql.IntValueNode) and int(value.value) % 7:
            if name == "last":
                return graphql.REMOVE
            short = nodes.Int(abs(int(value.value)) % 20)
            return graphql.ArgumentNode(name=node.name, value=short)
        return None


@schemathesis.hook
def map_body(context, body):
    document = body if isinstance(body, graphql.Node) else None
    return graphql.visit(document, Pages()) if document else body


@schemathesis.check
def an_answer_is_data_or_errors_with_a_code_of_ours(ctx, response, case):
    assert response.status_code in (200, 400), f"status {response.status_code}"
    kind = response.headers["content-type"]
    answer = json.loads(response.content)
    kind = kind[0] if isinstance(kind, list) else kind
    assert kind.startswith(("application/json", "application/graphql-response+json")), kind
    errors = answer.get("errors")
    assert errors is None or errors, "an empty list of errors"
    assert errors or answer.get("data") is not None, "neither data nor errors"
    assert "data" in answer or response.status_code == 400 or kind.startswith("application/json"), answer
    valid = case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE
    for error in errors or []:
        code = error.get("extensions", {}).get("code")
        if "exactly one field of" in error["message"]:
            continue  # The generator does not know of @oneOf.
        assert error["message"] and error.get("locations", True), error
        assert code in CODES or (code in INVALID and not valid), f"{code}: {error['message']}"
