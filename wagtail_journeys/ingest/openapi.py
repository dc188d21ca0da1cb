"""The description of the HTTP API for machines, written by hand: it has few addresses, and they do not change."""

from __future__ import annotations

from typing import Any

ID = {"type": ["string", "integer", "null"]}
TIME = {"type": ["string", "number", "null"], "description": "ISO 8601, or milliseconds since 1970."}
FREE = {"type": "object", "additionalProperties": True}

COMMON: dict[str, Any] = {
    "messageId": {"type": "string", "description": "Your id of the message: sent again, it counts once."},
    "userId": {**ID, "description": "Your id of the person. Believed with a server key only."},
    "anonymousId": {**ID, "description": "The visitor. At least 16 characters with a public key."},
    "timestamp": TIME,
    "originalTimestamp": TIME,
    "sentAt": TIME,
    "context": FREE,
    "writeKey": {"type": "string", "description": "The key, where it is not in the Authorization header."},
}

MESSAGES: dict[str, dict[str, Any]] = {
    "identify": {"summary": "Say who somebody is", "properties": {"traits": FREE}},
    "track": {
        "summary": "Say that something happened",
        "properties": {"event": {"type": "string", "maxLength": 100}, "properties": FREE},
        "required": ["event"],
    },
    "page": {
        "summary": "Say that a page was viewed",
        "properties": {"name": {"type": ["string", "null"]}, "properties": FREE},
    },
    "screen": {
        "summary": "Say that a screen of an app was viewed",
        "properties": {"name": {"type": ["string", "null"]}, "properties": FREE},
    },
    "group": {
        "summary": "Say what somebody belongs to",
        "properties": {"groupId": ID, "traits": FREE},
        "required": ["groupId"],
    },
    "alias": {
        "summary": "Say which contact a visitor is (server keys)",
        "properties": {"previousId": ID},
        "required": ["previousId", "userId"],
    },
}

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}


def _refusal(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


def _later(description: str) -> dict[str, Any]:
    header = {"required": True, "schema": {"type": "integer"}, "description": "Seconds."}
    return {**_refusal(description), "headers": {"Retry-After": header}}


RESPONSES: dict[str, Any] = {
    "200": {
        "description": "Kept. A message that could not be used is kept as rejected, with the reason.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["success"],
                    "properties": {"success": {"const": True}},
                }
            }
        },
    },
    "400": _refusal("The body is not a JSON object."),
    "401": _refusal("The write key is missing, unknown or revoked."),
    "403": _refusal("The write key may not be used for this, or not from this origin."),
    "413": _refusal("The body is larger than 500 KB, or the batch longer than 2,500 messages."),
    "415": _refusal("The Content-Encoding is none of gzip, deflate and identity."),
    "429": _later(
        "The key or the address sends too much, or more is waiting than is wanted: nothing was kept, send it again later."
    ),
    "503": _later("The database cannot keep it: send it again later."),
}


def _post(call: str, summary: str) -> dict[str, Any]:
    return {
        "post": {
            "operationId": call,
            "summary": summary,
            "security": [{"basic": []}, {"bearer": []}],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{call}"}}},
            },
            "responses": RESPONSES,
        }
    }


RESULT = {
    "type": "object",
    "required": ["result", "reason", "detail"],
    "properties": {
        "userId": {"type": "string"},
        "email": {"type": "string"},
        "result": {"enum": ["entered", "refused", "unknown", "waiting"]},
        "reason": {"type": "string", "description": "Why it was refused, in a word."},
        "detail": {"type": "string", "description": "The same in a sentence."},
    },
}
ENROL = {
    "type": "object",
    "required": ["campaign", "contacts"],
    "properties": {
        "campaign": {"type": "integer", "description": "The number of a live campaign."},
        "contacts": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "items": {
                "type": "object",
                "properties": {"userId": {"type": ["string", "integer"]}, "email": {"type": "string"}},
                "anyOf": [{"required": ["userId"]}, {"required": ["email"]}],
            },
        },
        "skipTrigger": {
            "type": "boolean",
            "description": "Also where the campaign starts by something else than adding contacts.",
        },
        "messageId": {
            "type": "string",
            "maxLength": 60,
            "description": "Your id of the call: sent again, it answers the same and adds nobody.",
        },
        "writeKey": COMMON["writeKey"],
    },
}


def _enrol() -> dict[str, Any]:
    found = _post("enrol", "Add contacts to a campaign (server keys that may)")
    schema = {
        "type": "object",
        "required": ["campaign", "results"],
        "properties": {"campaign": {"type": "integer"}, "results": {"type": "array", "items": RESULT}},
    }
    answer = {
        "description": "What became of each contact, in the order of the request.",
        "content": {"application/json": {"schema": schema}},
    }
    found["post"]["responses"] = {
        **RESPONSES,
        "200": answer,
        "404": _refusal("There is no live campaign of this number."),
        "409": _refusal("The campaign lets nobody in at the moment, or starts by another trigger."),
    }
    return found


def _schema(call: str, message: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**COMMON, **message["properties"]},
        "required": message.get("required", []),
    }


def _batch(description: str) -> dict[str, Any]:
    item = {
        "anyOf": [
            {
                "allOf": [{"$ref": f"#/components/schemas/{call}"}],
                "properties": {"type": {"const": call}},
                "required": ["type"],
            }
            for call in MESSAGES
        ]
    }
    return {
        "type": "object",
        "description": description,
        "required": ["batch"],
        "properties": {
            "batch": {"type": "array", "maxItems": 2500, "items": item},
            "context": {**FREE, "description": "Added to the context of every message."},
            "sentAt": TIME,
            "writeKey": COMMON["writeKey"],
        },
    }


def _get(operation: str, summary: str, parameters: list[Any], errors: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "parameters": parameters,
            "responses": {"200": {"description": summary, "content": content}, **errors},
        }
    }


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "wagtail-journeys: events",
        "version": "1",
        "description": "Takes what the Segment tracking protocol describes. Answers 200 once the messages are kept.",
    },
    "paths": {
        **{f"/{call}": _post(call, message["summary"]) for call, message in MESSAGES.items()},
        "/batch": _post("batch", "Send many messages at once"),
        "/import": _post("import", "Send many past messages at once (server keys)"),
        "/enrol": _enrol(),
        "/projects/{key}/settings": _get(
            "settings",
            "The settings that browser SDKs ask for",
            [{"name": "key", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}],
            {"404": _refusal("No write key has this value."), "503": _later("The database cannot be asked.")},
        ),
        "/openapi.json": _get("document", "This document", [], {}),
    },
    "components": {
        "securitySchemes": {
            "basic": {
                "type": "http",
                "scheme": "basic",
                "description": "The key as the user, no password.",
            },
            "bearer": {"type": "http", "scheme": "bearer"},
        },
        "schemas": {
            **{call: _schema(call, message) for call, message in MESSAGES.items()},
            "batch": _batch("Messages, each with its type."),
            "import": _batch("Messages of the past, each with its type and timestamp."),
            "enrol": ENROL,
            "Problem": PROBLEM,
        },
    },
}
