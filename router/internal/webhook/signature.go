package webhook

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	stripewebhook "github.com/stripe/stripe-go/v85/webhook"

	"github.com/signalbox/signalbox/router"
)

const (
	gitHubHeader = "X-Hub-Signature-256"
	gitHubPrefix = "sha256="
	stripeHeader = "Stripe-Signature"
)

var (
	errNoMatch = errors.New("the signature is not this body's: compare the secret with the sender's")
	errTooOld  = errors.New("the signature's time is not now: the request is a replay, or a clock is wrong")
)

// standardProof verifies as the Standard Webhooks specification says, with its
// own library; the clock is the source's.
func standardProof(b signedBlock, now func() time.Time) (proof, error) {
	secrets, err := both("secret", b.Secret, b.PreviousSecret)
	if err != nil {
		return proof{}, err
	}
	tolerance, err := duration(b.Tolerance, defaultTolerance, maxTolerance)
	if err != nil {
		return proof{}, fmt.Errorf("tolerance: %w", err)
	}
	var keys []*standardwebhooks.Webhook
	for _, secret := range secrets {
		key, err := standardKey(secret)
		if err != nil {
			return proof{}, err
		}
		keys = append(keys, key)
	}
	prefix := b.Headers + "-"
	switch b.Headers {
	case "":
		prefix = "webhook-"
	case "webhook", "svix":
	default:
		return proof{}, fmt.Errorf(`headers can't be %q: there are "webhook" and "svix"`, b.Headers)
	}
	id := func(req router.Request) (string, error) { return req.Headers.Get(prefix + "id"), nil }
	return proof{
		header: prefix + "signature", signs: true,
		own: map[string]router.RequestText{attrID: id, attrType: inBody("type")},
		check: func(signatures string, r *http.Request, body []byte) error {
			ids, times := r.Header.Values(prefix+"id"), r.Header.Values(prefix+"timestamp")
			if len(ids) != 1 || len(times) != 1 {
				return fmt.Errorf("the headers %sid and %stimestamp are not there once each", prefix, prefix)
			}
			seconds, err := strconv.ParseInt(times[0], 10, 64)
			if err != nil {
				return fmt.Errorf("the header %stimestamp is not a number of seconds", prefix)
			}
			if now().Sub(time.Unix(seconds, 0)).Abs() > tolerance {
				return errTooOld
			}
			headers := http.Header{}
			headers.Set(standardwebhooks.HeaderWebhookID, ids[0])
			headers.Set(standardwebhooks.HeaderWebhookTimestamp, times[0])
			headers.Set(standardwebhooks.HeaderWebhookSignature, signatures)
			for _, key := range keys {
				if key.VerifyIgnoringTimestamp(body, headers) == nil {
					return nil
				}
			}
			return errNoMatch
		},
	}, nil
}

// standardKey reads a secret in the specification's form, or takes it as it is.
// Its error does not quote it.
func standardKey(secret string) (*standardwebhooks.Webhook, error) {
	switch encoded, ok := strings.CutPrefix(secret, "whsec_"); {
	case strings.HasPrefix(secret, "whpk_"), strings.HasPrefix(secret, "whsk_"):
		return nil, errors.New("secret is a key of the asymmetric version v1a, which is not supported; ask the sender for a secret that begins with whsec_")
	case !ok:
		return standardwebhooks.NewWebhookRaw([]byte(secret))
	case encoded == "":
		return nil, errors.New("secret has nothing behind whsec_")
	}
	key, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, errors.New("what follows whsec_ in secret is not base64")
	}
	return key, nil
}

// stripeProof verifies with Stripe's own library, by the machine's clock.
func stripeProof(b signedBlock) (proof, error) {
	secrets, err := both("secret", b.Secret, b.PreviousSecret)
	if err != nil {
		return proof{}, err
	}
	tolerance, err := duration(b.Tolerance, defaultTolerance, maxTolerance)
	if err != nil {
		return proof{}, fmt.Errorf("tolerance: %w", err)
	}
	return proof{
		header: stripeHeader, signs: true,
		own: map[string]router.RequestText{attrID: inBody("id"), attrType: inBody("type")},
		check: func(signature string, _ *http.Request, body []byte) error {
			for _, secret := range secrets {
				switch err := stripewebhook.ValidatePayloadWithTolerance(body, signature, secret, tolerance); {
				case err == nil:
					return nil
				case errors.Is(err, stripewebhook.ErrTooOld):
					return errTooOld
				case errors.Is(err, stripewebhook.ErrInvalidHeader):
					return errors.New("the header is not one that Stripe writes")
				}
			}
			return errNoMatch
		},
	}, nil
}

// hmacProof verifies a signature over the body alone. GitHub's deliveries have
// their name and type in headers, which it does not cover.
func hmacProof(b signedBlock) (proof, error) {
	secrets, err := both("secret", b.Secret, b.PreviousSecret)
	if err != nil {
		return proof{}, err
	}
	header := b.Header
	if header == "" {
		header = gitHubHeader
	}
	if err := checkHeaderName(header); err != nil {
		return proof{}, err
	}
	p := proof{header: header, signs: true}
	prefix := ""
	if strings.EqualFold(header, gitHubHeader) {
		prefix = gitHubPrefix
		p.own = map[string]router.RequestText{attrID: inHeader("X-GitHub-Delivery"), attrType: inHeader("X-GitHub-Event")}
	}
	if b.Prefix != nil {
		prefix = *b.Prefix
	}
	newHash, err := hashOf(b.Algorithm)
	if err != nil {
		return proof{}, err
	}
	decode := hex.DecodeString
	switch b.Encoding {
	case "", "hex":
	case "base64":
		decode = base64.StdEncoding.DecodeString
	default:
		return proof{}, fmt.Errorf(`encoding can't be %q: there are "hex" and "base64"`, b.Encoding)
	}
	p.check = func(signature string, _ *http.Request, body []byte) error {
		encoded, ok := strings.CutPrefix(signature, prefix)
		if !ok {
			return fmt.Errorf("what the header %s holds does not begin with %q", header, prefix)
		}
		sent, err := decode(encoded)
		if err != nil {
			return fmt.Errorf("the signature in the header %s can't be decoded", header)
		}
		for _, secret := range secrets {
			mac := hmac.New(newHash, []byte(secret))
			mac.Write(body)
			if hmac.Equal(mac.Sum(nil), sent) {
				return nil
			}
		}
		return errNoMatch
	}
	return p, nil
}

func hashOf(algorithm string) (func() hash.Hash, error) {
	switch algorithm {
	case "", "sha256":
		return sha256.New, nil
	case "sha512":
		return sha512.New, nil
	case "sha1": // as a MAC's hash it is not broken, and some senders have no other
		return sha1.New, nil
	}
	return nil, fmt.Errorf(`algorithm can't be %q: there are "sha256", "sha512" and "sha1"`, algorithm)
}
