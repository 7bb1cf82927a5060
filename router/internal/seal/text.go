package seal

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A sealed value is a JSON string, "sealed:v1:KEY:TEXT". KEY names the key,
// TEXT is the nonce and what AES-256-GCM makes of the value's JSON, in base64.
// The name of the attribute is authenticated with it, so that no value can be
// put in the place of another attribute's.
const (
	prefix = "sealed:v1:"
	// quotedPrefix begins a sealed value; where a document does not have it,
	// nothing in it is sealed.
	quotedPrefix = `"` + prefix
)

func encoding() *base64.Encoding { return base64.RawURLEncoding.Strict() }

// isSealed reports whether a JSON value is a sealed one. That is known by its
// form and by no schema: schemas change with their plugins. It can be no other
// value, since a text that looks like one is sealed as well.
func isSealed(v json.RawMessage) bool { return bytes.HasPrefix(v, []byte(quotedPrefix)) }

// seal covers one value. The nonce is random: there are far fewer values under
// one key than the 2³² that it is good for (NIST SP 800-38D, section 8.3).
func (k *Key) seal(name string, plain json.RawMessage) json.RawMessage {
	sealed := k.aead.Seal(nil, nil, plain, []byte(name))
	out := append(make([]byte, 0, len(quotedPrefix)+len(k.id)+2+encoding().EncodedLen(len(sealed))), quotedPrefix...)
	out = append(append(out, k.id...), ':')
	return append(encoding().AppendEncode(out, sealed), '"')
}

// open gives the value back that one of the keys has sealed.
func (k Keys) open(name string, sealed json.RawMessage) (json.RawMessage, error) {
	text := strings.TrimSuffix(strings.TrimPrefix(string(sealed), quotedPrefix), `"`)
	id, text, found := strings.Cut(text, ":")
	if !found {
		return nil, fmt.Errorf("the value of %q looks sealed and is not", name)
	}
	aead := k.named(id)
	if aead == nil {
		return nil, fmt.Errorf("the value of %q was sealed with the key %.16q, which is not there any more: add it as a further line of state_dir/seal.key, or of seal_key", name, id)
	}
	raw, err := encoding().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the sealed value of %q is damaged", name)
	}
	plain, err := aead.Open(nil, nil, raw, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("the sealed value of %q is damaged, or was put in the place of another", name)
	}
	return plain, nil
}

func (k Keys) named(id string) cipher.AEAD {
	for _, key := range k {
		if key.id == id {
			return key.aead
		}
	}
	return nil
}

// errNoObject: what has no names has nothing to tell its values apart by.
var errNoObject = errors.New("it is no JSON object")

func membersOf(v json.RawMessage) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(v, &members); err != nil || members == nil {
		return nil, errNoObject
	}
	return members, nil
}

// objectOf writes members in the order of their names, each as it is: an object
// that was sealed and opened is the same, byte by byte, if it was written so.
func objectOf(members map[string]json.RawMessage) (json.RawMessage, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(members); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'}), nil
}
