package router

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret holds bytes that must not be shown: a password, a key, or a
// configuration document that has some inside. It cannot print itself: every
// verb of fmt, both JSON directions and slog give the same few letters. Reveal
// is the one door, easy to search for. The bytes are in a closure, because fmt
// asks no methods of unexported fields but follows their pointers.
type Secret struct{ reveal func() []byte }

const secretMask = "(secret)"

// NewSecret wraps v, which must not be changed afterwards.
func NewSecret(v []byte) Secret { return Secret{func() []byte { return v }} }

// Reveal returns the bytes. The caller must not let them reach a log, an error,
// the journal or a page.
func (s Secret) Reveal() []byte {
	if s.reveal == nil {
		return nil
	}
	return s.reveal()
}

// Empty reports whether there is nothing to hide.
func (s Secret) Empty() bool { return len(s.Reveal()) == 0 }

func (s Secret) String() string               { return secretMask }
func (s Secret) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, secretMask) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(secretMask), nil }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(secretMask) }
