package subscriptionbridge

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	byteOrderMark = "\ufeff"

	formType = "application/x-www-form-urlencoded"
	// formField is the form's field that holds the document.
	formField = "xml"
	// maxFormField is the longest document with all of it percent-encoded.
	maxFormField = 3 * maxDocument
)

// documentIn returns the document that a request carries. It is the body
// itself, or the field xml of a form: SubscriptionBridge's .NET class can post
// one, as "?xml=" and the document, percent-encoded. Whether the question mark
// was meant to begin a query or the body is not known, so that both are read. A
// body that begins as XML does is the document, whatever its Content-Type:
// curl, for one, calls all that it posts a form.
func documentIn(r *http.Request, body []byte) ([]byte, error) {
	content := r.Header.Get("Content-Type")
	if content == "text/xml" { // what every known client sends
		content = ""
	}
	mediaType, params, err := mime.ParseMediaType(content)
	if err != nil {
		mediaType, params = "", nil // all that counts is whether it is a form
	}
	document := body
	switch {
	case isMarkup(body):
	case mediaType == formType:
		if document, err = readForm(r.URL.RawQuery, string(body)); err != nil {
			return nil, err
		}
	case bytes.HasPrefix(bytes.TrimPrefix(body, []byte("?")), []byte(formField+"=")):
		return nil, fmt.Errorf("the body is a form, but its Content-Type is %.64q and not %s", r.Header.Get("Content-Type"), formType)
	}
	return document, checkCharset(params["charset"], document)
}

// isMarkup reports whether a body begins as XML does. No form does: its names
// are percent-encoded.
func isMarkup(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(body, []byte(byteOrderMark))), []byte("<"))
}

// readForm returns the document of a form, which may be in the query if the
// body is empty. A plus sign stands for a space there.
func readForm(query, body string) ([]byte, error) {
	form := strings.TrimPrefix(strings.TrimSpace(body), "?")
	if form == "" {
		form = query
	}
	document, found := "", false
	for len(form) > 0 {
		var pair string
		pair, form, _ = strings.Cut(form, "&")
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err != nil || name != formField {
			continue
		}
		if found {
			return nil, fmt.Errorf("the form has the field %s twice", formField)
		}
		if len(value) > maxFormField {
			return nil, fmt.Errorf("the form's field %s is longer than %d bytes", formField, maxFormField)
		}
		var err error
		if document, err = url.QueryUnescape(value); err != nil {
			// Its own words quote the form.
			return nil, fmt.Errorf("the form's field %s is not percent-encoded as it should be", formField)
		}
		found = true
	}
	if !found {
		return nil, fmt.Errorf("the form has no field %s", formField)
	}
	return []byte(document), nil
}

// checkCharset refuses a document in which a character may mean another one in
// the encoding that the header names: it outranks what the document says of
// itself (RFC 7303 §3). ASCII reads alike in all that are in use.
func checkCharset(charset string, document []byte) error {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii":
		return nil
	}
	for _, c := range document {
		if c >= utf8.RuneSelf {
			return errors.New("only UTF-8 is read, and the Content-Type names another charset")
		}
	}
	return nil
}
