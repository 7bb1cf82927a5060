"""Signs and verifies OAuth 1.0 requests with oauthlib, for the cross-check of
the package oauth: jobs come in as lines of JSON, answers go out as such."""
import json
import sys

from oauthlib import oauth1
from oauthlib.oauth1.rfc5849 import signature


class Validator(oauth1.RequestValidator):
    """Takes every key, nonce and time: only the signature is in question."""

    enforce_ssl = False
    timestamp_lifetime = 1 << 40
    dummy_client = "dummy"
    secret = ""

    def check_client_key(self, key):
        return True

    def check_nonce(self, nonce):
        return True

    def validate_client_key(self, key, request):
        return True

    def validate_timestamp_and_nonce(self, *args, **kwargs):
        return True

    def get_client_secret(self, key, request):
        return self.secret


validator = Validator()
# ResourceEndpoint wants a token; this is the same verification without one.
endpoint = oauth1.SignatureOnlyEndpoint(validator)


def verify(job, url, header):
    validator.secret = job["secret"]
    headers = {"Authorization": header} if header else {}
    valid, request = endpoint.validate_request(url, job["method"], None, headers)
    base = ""
    if request is not None:
        base = signature.signature_base_string(
            job["method"], signature.base_string_uri(url), signature.normalize_parameters(request.params))
    return valid, base


def sign(job):
    client = oauth1.Client(
        job["key"], job["secret"], nonce=job["nonce"], timestamp=job["timestamp"],
        signature_type=oauth1.SIGNATURE_TYPE_QUERY if job["place"] == "query" else oauth1.SIGNATURE_TYPE_AUTH_HEADER)
    url, headers, _ = client.sign(job["url"], job["method"], realm=job["realm"] or None)
    return url, headers.get("Authorization", "")


for line in sys.stdin:
    job = json.loads(line)
    answer = {}
    try:
        if job["do"] == "sign":
            answer["url"], answer["header"] = sign(job)
            _, answer["base"] = verify(job, answer["url"], answer["header"])
        else:
            answer["valid"], answer["base"] = verify(job, job["url"], job["header"])
    except Exception as e:
        answer["error"] = f"{type(e).__name__}: {e}"
    print(json.dumps(answer))
