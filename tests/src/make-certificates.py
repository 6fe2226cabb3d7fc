# An authority of its own, and what it signs for a server on this machine: `good`, `expired`, `wrong_host`. `self_signed` nobody signed.
import datetime, os, pathlib
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

folder = pathlib.Path(os.environ["DIR"])
now = datetime.datetime.now(datetime.timezone.utc)
day = datetime.timedelta(days=1)

def make(file, host, issuer=None, since=-1, until=2, is_authority=False):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, file)])
    issuer_name, issuer_key = issuer or (name, key)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(issuer_name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + since * day).not_valid_after(now + until * day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    (folder / f"{file}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (folder / f"{file}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return name, key

authority = make("authority", "localhost", is_authority=True)
make("good", "localhost", authority)
make("expired", "localhost", authority, since=-3, until=-1)
make("wrong_host", "crm.example.com", authority)
make("self_signed", "localhost")
