package subscriptionbridge

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxDocument is some hundred times what four short values need.
	maxDocument = 64 << 10
	// maxDepth is far beyond the two levels that the protocol has; elements it
	// doesn't know are passed over down to there.
	maxDepth = 8

	rootEventRequest        = "EventRequest"
	rootNotificationRequest = "NotificationRequest"
	rootGetTimeRequest      = "GetTimeRequest"

	// tokenMask stands in a stored document where the token stood.
	tokenMask = "***"
)

// document is one call as it was written.
type document struct {
	root                          string
	username, token, guid, action string
	// masked is the document with the token struck out.
	masked []byte
}

// ampersandError is the fault that the known clients are prone to: none of them
// escapes what it puts into a field.
type ampersandError struct {
	element string
	line    int
}

func (e *ampersandError) Error() string {
	return fmt.Sprintf("the element %.64s (line %d) holds an ampersand that is not escaped; it must be written &amp;", e.element, e.line)
}

// readDocument reads a call. It asks for well-formed XML in UTF-8, one root, no
// namespace and no document type, and takes all else that the known clients do:
// elements in any order, GUID or Guid, white space around values, no prolog, a
// byte order mark. An element given twice must say the same twice. With an
// *ampersandError the document's root is told, so that the caller can be
// answered in the form of its call.
func readDocument(body []byte) (document, error) {
	if len(body) > maxDocument {
		return document{}, fmt.Errorf("the document is longer than %d bytes", maxDocument)
	}
	body = bytes.TrimPrefix(body, []byte(byteOrderMark))
	if !utf8.Valid(body) {
		return document{}, errors.New("the document is not in UTF-8")
	}
	r := newReader(body)
	for {
		token, err := r.xml.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if ampersand := r.ampersand(body, err); ampersand != nil {
			return document{root: r.doc.root}, ampersand
		}
		if err == nil {
			err = r.take(token)
		}
		if err != nil {
			return document{}, fmt.Errorf("reading the document at byte %d: %w", r.xml.InputOffset(), err)
		}
		r.end = r.xml.InputOffset()
	}
	if len(r.open) > 0 || r.doc.root == "" {
		return document{}, errors.New("the document ends too early")
	}
	r.doc.masked = r.mask(body)
	return r.doc, nil
}

// reader takes a document token by token. It reads raw tokens and keeps the
// stack of open elements itself, since the decoder's own would translate
// prefixes, and the protocol has none.
type reader struct {
	xml  *xml.Decoder
	open []string
	doc  document
	text []byte // of the open field
	// begin and end delimit the text of the open field in the body.
	begin, end int64
	leaf       bool // it has held no element so far
	tokens     [][2]int64
	seen       []*string
}

func newReader(body []byte) *reader {
	const fields = 4
	r := &reader{xml: xml.NewDecoder(bytes.NewReader(body)), open: make([]string, 0, maxDepth), seen: make([]*string, 0, fields)}
	r.xml.CharsetReader = func(string, io.Reader) (io.Reader, error) {
		return nil, errors.New("only UTF-8 is read")
	}
	return r
}

// ampersand tells whether a bare ampersand in an element's text is what err
// complains about.
func (r *reader) ampersand(body []byte, err error) error {
	if _, syntax := errors.AsType[*xml.SyntaxError](err); !syntax || len(r.open) == 0 {
		return nil
	}
	text, _, _ := bytes.Cut(body[r.end:], []byte("<"))
	at := bareAmpersand(text)
	if at < 0 {
		return nil
	}
	line := 1 + bytes.Count(body[:int(r.end)+at], []byte("\n"))
	return &ampersandError{element: r.open[len(r.open)-1], line: line}
}

// bareAmpersand finds the first ampersand that begins no reference of XML's
// own, or returns -1.
func bareAmpersand(text []byte) int {
	for i, c := range text {
		if c != '&' {
			continue
		}
		name, _, ended := bytes.Cut(text[i+1:], []byte(";"))
		if !ended || !isReference(string(name)) {
			return i
		}
	}
	return -1
}

func isReference(name string) bool {
	if digits, ok := strings.CutPrefix(name, "#x"); ok {
		return digits != "" && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
	}
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		return digits != "" && strings.Trim(digits, "0123456789") == ""
	}
	return slices.Contains([]string{"amp", "lt", "gt", "quot", "apos"}, name)
}

func (r *reader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		return r.close(t)
	case xml.CharData:
		if len(r.open) == 0 && len(bytes.TrimSpace(t)) > 0 {
			return errors.New("there is text outside the root element")
		}
		if r.field() != nil {
			r.text = append(r.text, t...)
		}
	case xml.Directive:
		return errors.New("a document type is not read")
	}
	return nil
}

func (r *reader) start(t xml.StartElement) error {
	if len(r.open) == maxDepth {
		return fmt.Errorf("elements lie more than %d deep", maxDepth)
	}
	if r.field() != nil {
		return fmt.Errorf("the element %s holds elements", r.open[1])
	}
	if t.Name.Space != "" {
		return errors.New("an element lies in a namespace")
	}
	for _, a := range t.Attr {
		if a.Name.Space == "" && a.Name.Local == "xmlns" {
			return errors.New("an element lies in a namespace")
		}
	}
	if len(r.open) == 0 {
		if r.doc.root != "" {
			return errors.New("there is more than one root element")
		}
		r.doc.root = t.Name.Local
	}
	r.open = append(r.open, t.Name.Local)
	r.text = r.text[:0]
	r.begin, r.leaf = r.xml.InputOffset(), true
	return nil
}

func (r *reader) close(t xml.EndElement) error {
	last := len(r.open) - 1
	if last < 0 || t.Name.Space != "" || r.open[last] != t.Name.Local {
		return errors.New("an end tag has no start tag")
	}
	if f := r.field(); f != nil {
		value := string(bytes.TrimSpace(r.text))
		if slices.Contains(r.seen, f) && *f != value {
			return fmt.Errorf("the element %s is given twice, with different values", t.Name.Local)
		}
		*f, r.seen = value, append(r.seen, f)
	}
	// Wherever a caller puts a token, it is struck out.
	if t.Name.Local == "Token" && r.leaf && r.end > r.begin {
		r.tokens = append(r.tokens, [2]int64{r.begin, r.end})
	}
	r.leaf = false
	r.open = r.open[:last]
	return nil
}

// field returns where the innermost open element's text belongs, or nil.
func (r *reader) field() *string {
	if len(r.open) != 2 {
		return nil
	}
	switch r.open[1] {
	case "Username":
		return &r.doc.username
	case "Token":
		return &r.doc.token
	case "GUID", "Guid":
		return &r.doc.guid
	case "Action":
		return &r.doc.action
	}
	return nil
}

func (r *reader) mask(body []byte) []byte {
	out := make([]byte, 0, len(body)+len(tokenMask))
	var from int64
	for _, at := range r.tokens {
		out = append(append(out, body[from:at[0]]...), tokenMask...)
		from = at[1]
	}
	return append(out, body[from:]...)
}
