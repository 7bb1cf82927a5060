package appdirect

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/signalbox/signalbox/router"
)

// page is what a customer's browser shows. It asks for nothing but itself, so
// that it reads the same everywhere.
type page struct {
	// Title is the heading too.
	Title string
	Says  []string
	// Again is where the page asks again, by itself after so many seconds and by
	// the link; "" is a page that has said all.
	Again   string
	Seconds int
	Link    string
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{{- if .Again}}
<meta http-equiv="refresh" content="{{.Seconds}};url={{.Again}}">
{{- end}}
<title>{{.Title}}</title>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{- range .Says}}
<p>{{.}}</p>
{{- end}}
{{- if .Again}}
<p><a href="{{.Again}}">{{.Link}}</a></p>
{{- end}}
</main>
</body>
</html>
`))

// respond writes the page. Its address is a credential for a while: it goes to
// no cache, and to nobody as the page that the customer came from.
func (p page) respond(status int) *router.Response {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return &router.Response{Status: http.StatusInternalServerError}
	}
	h := browserHeader()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	return &router.Response{Status: status, Header: h, Body: b.Bytes()}
}

func browserHeader() http.Header {
	return http.Header{"Cache-Control": {"no-store"}, "Referrer-Policy": {"no-referrer"}}
}

// What customers read.

func waitingPage(again string, seconds int) page {
	return page{
		Title: "Your request is being processed",
		Says: []string{
			"This page looks for the result by itself.",
			"You can also close it and go back to the marketplace, which is told the result as soon as it is there.",
		},
		Again: again, Seconds: seconds, Link: "Look for the result now",
	}
}

func busyPage(again string, seconds int) page {
	return page{
		Title: "The service is busy",
		Says:  []string{"Your request could not be taken in at the moment. This page tries again by itself."},
		Again: again, Seconds: seconds, Link: "Try again now",
	}
}

// endPage tells a result to a customer who can't be sent back with it.
func endPage(r Result) page {
	if r.Success {
		return page{
			Title: "Your request is complete",
			Says:  []string{"You can close this page and go back to the marketplace, which is told the result too."},
		}
	}
	return page{
		Title: "Your request could not be completed",
		Says:  []string{r.Message, "You can close this page and go back to the marketplace."},
	}
}

func refusedPage() page {
	return page{
		Title: "This address is not valid",
		Says:  []string{"It may be too old, or not complete. Please go back to the marketplace and start again."},
	}
}

func nothingNamedPage() page {
	return page{
		Title: "There is nothing to be done here",
		Says:  []string{"The address does not name a request that this service may read. Please contact the vendor's support."},
	}
}
