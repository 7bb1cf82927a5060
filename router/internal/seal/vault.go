package seal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/signalbox/signalbox/router"
)

// Vault seals and opens with the keys in use, which a reload may replace. It is
// safe for concurrent use, but for Use.
type Vault struct{ keys atomic.Pointer[Keys] }

// formerMax is how many keys that are not in use any more still open: more than
// anybody goes through while one call is under way.
const formerMax = 64

var _ router.Vault = (*Vault)(nil)

// NewVault takes keys; there must be one at least.
func NewVault(keys Keys) *Vault {
	v := &Vault{}
	v.Use(keys)
	return v
}

// Use puts other keys in the place of those in use. What is in hand was sealed
// with those, and is not in the journal yet for anybody to miss them there: they
// go on opening while the process lives.
func (v *Vault) Use(keys Keys) {
	now := slices.Clone(keys)
	if before := v.keys.Load(); before != nil {
		for _, former := range *before {
			if now.named(former.id) == nil && len(now) < len(keys)+formerMax {
				now = append(now, former)
			}
		}
	}
	v.keys.Store(&now)
}

// whole is the name that a value has which is no object.
const whole = ""

// Seal is router.Vault's.
func (v *Vault) Seal(s *router.Schema, plain json.RawMessage) json.RawMessage {
	covers := sensitive(s)
	if len(plain) == 0 || !covers && !bytes.Contains(plain, []byte(quotedPrefix)) {
		return plain
	}
	key := (*v.keys.Load())[0]
	members, err := membersOf(plain)
	if err != nil {
		return key.seal(whole, plain)
	}
	for name, value := range members {
		if isSealed(value) || covers && !open(s, name) {
			members[name] = key.seal(name, value)
		}
	}
	sealed, err := objectOf(members)
	if err != nil {
		return key.seal(whole, plain)
	}
	return sealed
}

// open reports whether the schema has the attribute and does not call it
// sensitive.
func open(s *router.Schema, name string) bool {
	if s == nil {
		return false
	}
	attr := s.Attr(name)
	return attr != nil && !attr.Sensitive
}

// sensitive reports whether the schema covers anything.
func sensitive(s *router.Schema) bool {
	if s == nil {
		return true
	}
	for i := range s.Attrs {
		if s.Attrs[i].Sensitive {
			return true
		}
	}
	return false
}

// Open is router.Vault's.
func (v *Vault) Open(sealed json.RawMessage) (json.RawMessage, error) {
	return v.keys.Load().Open(sealed)
}

// Open is what a vault with these keys gives.
func (k Keys) Open(sealed json.RawMessage) (json.RawMessage, error) {
	if !bytes.Contains(sealed, []byte(quotedPrefix)) {
		return sealed, nil
	}
	if isSealed(sealed) {
		return k.open(whole, sealed)
	}
	members, err := membersOf(sealed)
	if err != nil {
		return nil, fmt.Errorf("opening sealed values: %w", err)
	}
	for name, value := range members {
		if !isSealed(value) {
			continue
		}
		if members[name], err = k.open(name, value); err != nil {
			return nil, fmt.Errorf("opening sealed values: %w", err)
		}
	}
	return objectOf(members)
}
