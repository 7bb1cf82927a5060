package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

const authorization = "Authorization"

// basicProof compares a user name and a password.
func basicProof(b passwordBlock) (proof, error) {
	if b.Username == "" || strings.Contains(b.Username, ":") {
		return proof{}, errors.New("username must not be empty or have a colon in it")
	}
	secrets, err := both("password", b.Password, b.PreviousPassword)
	if err != nil {
		return proof{}, err
	}
	username, passwords := digestOf(b.Username), digestsOf(secrets)
	return proof{
		header: authorization,
		check: func(_ string, r *http.Request, _ []byte) error {
			user, password, ok := r.BasicAuth()
			if !ok {
				return errors.New("the header Authorization holds no user name and password")
			}
			known, right := equal(digestOf(user), username), oneOf(password, passwords)
			if known&right != 1 {
				return errors.New("the user name or the password is wrong")
			}
			return nil
		},
	}, nil
}

// bearerProof compares a token.
func bearerProof(b passwordBlock) (proof, error) {
	secrets, err := both("token", b.Token, b.PreviousToken)
	if err != nil {
		return proof{}, err
	}
	header := b.Header
	if header == "" {
		header = authorization
	}
	if err := checkHeaderName(header); err != nil {
		return proof{}, err
	}
	bare := !strings.EqualFold(header, authorization)
	tokens := digestsOf(secrets)
	return proof{
		header: header,
		check: func(token string, _ *http.Request, _ []byte) error {
			if !bare {
				scheme, rest, _ := strings.Cut(token, " ")
				if !strings.EqualFold(scheme, "Bearer") {
					return errors.New("the header Authorization holds no bearer token")
				}
				token = strings.TrimLeft(rest, " ")
			}
			if oneOf(token, tokens) != 1 {
				return errors.New("the token is wrong")
			}
			return nil
		},
	}, nil
}

func checkHeaderName(name string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("header can't be %q: that is no header's name", name)
	}
	return nil
}

// digest stands for a text where two are compared: all have one length, so that
// the time it takes tells nothing of either.
type digest [sha256.Size]byte

func digestOf(text string) digest { return sha256.Sum256([]byte(text)) }

func digestsOf(texts []string) []digest {
	var out []digest
	for _, text := range texts {
		out = append(out, digestOf(text))
	}
	return out
}

func equal(a, b digest) int { return subtle.ConstantTimeCompare(a[:], b[:]) }

// oneOf looks at all of them, whichever it is.
func oneOf(text string, known []digest) int {
	sent, found := digestOf(text), 0
	for _, d := range known {
		found |= equal(sent, d)
	}
	return found
}
