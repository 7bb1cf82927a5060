package router

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// Expression is an attribute of a source's block that says where in a request
// something stands: `id = request.headers["X-Delivery"]`. It may be left out.
type Expression struct {
	Name string
	// Constant says that one value may be right for all requests.
	Constant bool
	Doc      string
}

// Request is what such an expression sees, as `request`: headers and query by
// name, names of headers in any case, and the body. The source leaves out what
// is secret, since the result is written down.
type Request struct {
	Headers http.Header
	Query   url.Values
	// Body is one JSON value, known to be valid, or nil for null.
	Body json.RawMessage
}

// RequestText evaluates an Expression: a text, or a number or a truth value as
// text. What is null is "", and so is what the expression merely names and the
// request lacks. It is pure and may be called by many at once; its error names
// the place in the configuration, and may quote the request.
type RequestText func(Request) (string, error)
