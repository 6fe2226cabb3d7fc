# An RSA key, as PEM of PKCS #8 and as the XML that SuperOffice gives, and its public half.
import base64, json
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
numbers = key.private_numbers()
size = key.key_size // 8


def number(value, size):
    return base64.b64encode(value.to_bytes(size, "big")).decode()


# .NET fills each number up to the size of the modulus, or half of it.
parts = [
    ("Modulus", numbers.public_numbers.n, size),
    ("Exponent", numbers.public_numbers.e, 3),
    ("P", numbers.p, size // 2),
    ("Q", numbers.q, size // 2),
    ("DP", numbers.dmp1, size // 2),
    ("DQ", numbers.dmq1, size // 2),
    ("InverseQ", numbers.iqmp, size // 2),
    ("D", numbers.d, size),
]
xml = "".join(f"<{name}>{number(value, size)}</{name}>" for name, value, size in parts)
pem = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
public = [
    base64.urlsafe_b64encode(base64.b64decode(number(*of))).decode().rstrip("=")
    for of in [(numbers.public_numbers.n, size), (numbers.public_numbers.e, 3)]
]
print(json.dumps({"pem": pem.decode(), "xml": f"<RSAKeyValue>{xml}</RSAKeyValue>", "public": public}))
