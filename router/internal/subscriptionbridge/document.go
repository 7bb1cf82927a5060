package subscriptionbridge

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	// maxDocument is some hundred times what four short values need.
	maxDocument = 64 << 10
	// maxDepth is far beyond the two levels that the protocol has; elements it
	// doesn't know are passed over down to there.
	maxDepth = 8

	rootEventRequest   = "EventRequest"
	rootGetTimeRequest = "GetTimeRequest"

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

// readDocument reads a call. It asks for UTF-8, one root, no namespace and no
// document type, and takes all else that the known clients do: elements in any
// order, GUID or Guid, white space around values, no prolog, a byte order mark,
// an ampersand that was not escaped. An element given twice must say the same
// twice.
func readDocument(body []byte) (document, error) {
	if len(body) > maxDocument {
		return document{}, fmt.Errorf("the document is longer than %d bytes", maxDocument)
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return document{}, errors.New("the document is not in UTF-8")
	}
	r := newReader(body)
	for {
		token, err := r.xml.RawToken()
		if errors.Is(err, io.EOF) {
			break
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
// stack of open elements itself: the decoder's lenient mode, which lets a bare
// ampersand stand, would also mend tags that don't match.
type reader struct {
	xml  *xml.Decoder
	open []string
	doc  document
	text strings.Builder // of the open field
	// begin and end delimit the text of the open field in the body.
	begin, end int64
	tokens     [][2]int64
	seen       map[*string]bool
}

func newReader(body []byte) *reader {
	r := &reader{xml: xml.NewDecoder(bytes.NewReader(body)), seen: map[*string]bool{}}
	r.xml.Strict = false
	r.xml.CharsetReader = func(string, io.Reader) (io.Reader, error) {
		return nil, errors.New("only UTF-8 is read")
	}
	return r
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
			r.text.Write(t)
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
	r.text.Reset()
	r.begin = r.xml.InputOffset()
	return nil
}

func (r *reader) close(t xml.EndElement) error {
	last := len(r.open) - 1
	if last < 0 || t.Name.Space != "" || r.open[last] != t.Name.Local {
		return errors.New("an end tag has no start tag")
	}
	if f := r.field(); f != nil {
		value := strings.TrimSpace(r.text.String())
		if r.seen[f] && *f != value {
			return fmt.Errorf("the element %s is given twice, with different values", t.Name.Local)
		}
		*f, r.seen[f] = value, true
		if f == &r.doc.token && r.end > r.begin {
			r.tokens = append(r.tokens, [2]int64{r.begin, r.end})
		}
	}
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
	var out []byte
	var from int64
	for _, at := range r.tokens {
		out = append(append(out, body[from:at[0]]...), tokenMask...)
		from = at[1]
	}
	return append(out, body[from:]...)
}
