"""Makes the certificates in this folder: needs the package cryptography."""

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID as AIA
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).parent
YEAR = lambda year: datetime.datetime(year, 1, 2, 3, 4, 5)


def name(common):
    return x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "XY"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Krait, \u00e4 test"),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ])


def usage(*names):
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{one: one in names for one in every})


def make(common, serial, issuer=None, extensions=(), years=(2020, 2120)):
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_name, issuer_key = (name(common), key) if issuer is None else issuer
    builder = (
        x509.CertificateBuilder().subject_name(name(common)).issuer_name(issuer_name)
        .public_key(key.public_key()).serial_number(serial)
        .not_valid_before(YEAR(years[0])).not_valid_after(YEAR(years[1]))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return key, builder.sign(issuer_key, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def private(key, form=serialization.PrivateFormat.PKCS8, password=None):
    how = serialization.NoEncryption()
    if password:
        how = serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, form, how).decode()


def names(*dns, others=()):
    return x509.SubjectAlternativeName([x509.DNSName(one) for one in dns] + list(others)), False


AUTHORITY = [(x509.BasicConstraints(True, None), True), (usage("key_cert_sign", "crl_sign"), True)]
LEAF = [(x509.BasicConstraints(False, None), True)]
SERVER = LEAF + [
    (usage("digital_signature"), True), (x509.ExtendedKeyUsage([EKU.SERVER_AUTH]), False),
]

root_key, root = make("Root", 1, extensions=AUTHORITY)
root_issuer = (root.subject, root_key)
limits = x509.NameConstraints([x509.DNSName("localhost"), x509.DNSName("example.org")], None)
sub_key, sub = make("Intermediate", 2, root_issuer, [
    (x509.BasicConstraints(True, 0), True), (usage("key_cert_sign", "crl_sign"), True),
    (limits, True),
])
sub_issuer = (sub.subject, sub_key)

server_key, server = make("localhost", 0xFEDC_BA98_7654_3210_FF, root_issuer, SERVER + [
    names("localhost", "*.example.org", others=[
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.RFC822Name("someone@example.org"),
        x509.UniformResourceIdentifier("https://example.org/"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
        x509.DirectoryName(name("directory")),
        x509.OtherName(x509.ObjectIdentifier("1.2.3.4.5"), b"\x0c\x02hi"),
    ]),
    (x509.AuthorityInformationAccess([
        x509.AccessDescription(
            AIA.OCSP, x509.UniformResourceIdentifier("http://ocsp.example.org/")),
        x509.AccessDescription(
            AIA.CA_ISSUERS, x509.UniformResourceIdentifier("http://example.org/ca.cer")),
    ]), False),
    (x509.CRLDistributionPoints([x509.DistributionPoint(
        [x509.UniformResourceIdentifier("http://example.org/ca.crl")], None, None, None)]), False),
])
(HERE / "root.pem").write_text(pem(root))
(HERE / "server.pem").write_text(private(server_key) + pem(server))
(HERE / "server.encrypted.pem").write_text(
    private(server_key, password=b"secret") + pem(server))
(HERE / "server.traditional.pem").write_text(
    private(server_key, serialization.PrivateFormat.TraditionalOpenSSL, b"secret") + pem(server))


def leaf(file, serial, issuer=root_issuer, extensions=None, chain=(), **others):
    key, certificate = make(file, serial, issuer, extensions or SERVER, **others)
    (HERE / f"{file}.pem").write_text(private(key) + pem(certificate) + "".join(map(pem, chain)))


LOCALHOST = [names("localhost")]
leaf("chained", 16, sub_issuer, SERVER + LOCALHOST, [sub])
leaf("outside", 17, sub_issuer, SERVER + [names("elsewhere.test")], [sub])
leaf("broken_chain", 18, sub_issuer, SERVER + LOCALHOST)
leaf("expired", 19, extensions=SERVER + LOCALHOST, years=(2000, 2001))
leaf("future", 20, extensions=SERVER + LOCALHOST, years=(2100, 2120))
leaf("client", 21, extensions=LEAF + [(x509.ExtendedKeyUsage([EKU.CLIENT_AUTH]), False)])
leaf("self_signed", 22, None, LEAF + LOCALHOST)
leaf("not_an_authority", 23, (server.subject, server_key), SERVER + LOCALHOST, [server])
leaf("revoked", 24, extensions=SERVER + LOCALHOST)
leaf("no_names", 25)
leaf("critical", 26, extensions=SERVER + LOCALHOST + [
    (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5.6"), b"\x05\x00"), True)])

revoked = x509.RevokedCertificateBuilder().serial_number(24).revocation_date(YEAR(2021)).build()
revocations = (
    x509.CertificateRevocationListBuilder().issuer_name(root.subject).last_update(YEAR(2021))
    .next_update(YEAR(2120)).add_revoked_certificate(revoked).sign(root_key, hashes.SHA256())
)
(HERE / "revocations.pem").write_text(
    revocations.public_bytes(serialization.Encoding.PEM).decode())
