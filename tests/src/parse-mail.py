# A mail as the standard library understands it.
import base64, email, email.policy, json, os

message = email.message_from_bytes(base64.b64decode(os.environ["RAW"]), policy=email.policy.default)
parts = [part for part in message.walk() if not part.is_multipart()]
print(json.dumps({
    "headers": {name.lower(): str(value) for name, value in message.items()},
    "names": [name.lower() for name in message.keys()],
    "kind": message.get_content_type(),
    "parts": [{"kind": part.get_content_type(), "content": part.get_content()} for part in parts],
    "defects": [repr(defect) for part in message.walk() for defect in part.defects]
        + [repr(defect) for value in message.values() for defect in value.defects],
}))
