package daemon

import (
	"net/http"
	"strings"

	"github.com/signalbox/signalbox/router"
)

// mounts are the sources by path; no path lies below another.
type mounts []mount

type mount struct {
	path     string
	endpoint *router.Endpoint
}

// serve hands a request to the source that is mounted at or above its path. All
// of one configuration takes it in, even where another comes before it is read.
func (d *Daemon) serve(w http.ResponseWriter, req *http.Request) {
	now := d.loaded()
	for _, m := range now.mounts {
		if rest, ok := strings.CutPrefix(req.URL.Path, m.path); ok && (rest == "" || m.path == "/" || rest[0] == '/') {
			d.router.Handle(w, req, now.table, m.endpoint.Name)
			return
		}
	}
	d.log.Warn().Str("path", req.URL.Path).Str("remote", req.RemoteAddr).Msg("no source is served at this path")
	http.NotFound(w, req)
}
